#include "swarm/distrust.h"

#include <algorithm>
#include <utility>

namespace ballast {

void Distrust::Avoid(NodeId node, NodeId source, SteadyTime until) {
  std::vector<Entry>& entries = avoided_[node];
  std::erase_if(entries, [&](const Entry& entry) { return entry.source == source && entry.until <= until; });
  entries.push_back({source, until});
}

std::vector<NodeId> Distrust::Avoided(NodeId node, SteadyTime now) {
  const auto found = avoided_.find(node);
  if (found == avoided_.end()) return {};
  std::erase_if(found->second, [&](const Entry& entry) { return entry.until <= now; });
  std::vector<NodeId> sources;
  for (const Entry& entry : found->second) sources.push_back(entry.source);
  return sources;
}

bool Distrust::SentWrongBytes(NodeId source, NodeId says) {
  std::set<NodeId>& by = reports_[source];
  by.insert(says);
  return by.size() >= corrupt_reports_;
}

void Distrust::Quarantine(NodeId node) {
  if (quarantined_.insert(node).second) news_.push_back(node);
}

std::vector<NodeId> Distrust::Take() { return std::exchange(news_, {}); }

}  // namespace ballast
