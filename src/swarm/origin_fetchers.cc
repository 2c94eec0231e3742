#include "swarm/origin_fetchers.h"

#include <algorithm>

namespace ballast {
namespace {

constexpr Duration kIdle = std::chrono::seconds(10);  // without a run: then another may take its place

}  // namespace

OriginFetchers::Facts& OriginFetchers::Of(NodeId node) {
  if (node >= nodes_.size()) nodes_.resize(node + 1);
  return nodes_[node];
}

void OriginFetchers::SetCapable(NodeId node, bool capable) { Set(node, capable, Of(node).barred); }

void OriginFetchers::Bar(NodeId node) { Set(node, Of(node).capable, true); }

void OriginFetchers::Set(NodeId node, bool capable, bool barred) {
  Facts& facts = Of(node);
  const bool counted = facts.capable && !facts.barred;
  const bool counts = capable && !barred;
  facts.capable = capable;
  facts.barred = barred;
  if (counts == counted) return;
  capable_ += counts ? 1 : -1;
  if (!counts) std::erase(fetchers_, node);
  view_.SetRound(at_once());
}

bool OriginFetchers::MayFetch(NodeId node, SteadyTime now) {
  std::erase_if(fetchers_, [&](NodeId fetcher) {
    return view_.node(fetcher).from_origin == 0 && now - Of(fetcher).sent_at > kIdle;
  });
  const Facts& facts = Of(node);
  const bool may = facts.capable && (!facts.barred || capable_ == 0);
  return may && (fetchers_.size() < most_ || std::ranges::count(fetchers_, node) > 0);
}

void OriginFetchers::OnSent(NodeId node, SteadyTime now) {
  Of(node).sent_at = now;
  if (std::ranges::count(fetchers_, node) == 0) fetchers_.push_back(node);
}

void OriginFetchers::OnArrived(NodeId node, uint64_t bytes, SteadyTime given_at, SteadyTime now) {
  share_.Note(node, at_once(), bytes, now);
  pace_.Note(node, given_at, now);
}

}  // namespace ballast
