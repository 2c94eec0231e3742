#include "swarm/connection_book.h"

namespace ballast {

ConnectionBook::Victim ConnectionBook::Came(Id id, SteadyTime deadline) {
  entries_.emplace(id, Entry{.deadline = deadline});
  ++strangers_;
  if (strangers_ > limits_.strangers) return WorstStranger();
  if (entries_.size() <= limits_.all) return std::nullopt;
  if (strangers_ > 1) return WorstStranger();
  const Victim idle = LongestIdle(nullptr);
  return idle ? idle : id;
}

ConnectionBook::Victim ConnectionBook::Known(Id id, std::string_view node) {
  Entry& entry = entries_.at(id);
  if (entry.node) return std::nullopt;
  const auto count = nodes_.try_emplace(std::string(node), 0).first;
  NoStranger(entry);
  entry.node = count->first;
  if (++count->second <= limits_.per_node) return std::nullopt;
  entry.busy = true;  // the newcomer is the last choice
  const Victim idle = LongestIdle(&count->first);
  entry.busy = false;
  return idle ? idle : id;
}

void ConnectionBook::Spoke(Id id) {
  Entry& entry = entries_.at(id);
  if (entry.node || entry.spoke) return;
  entry.spoke = true;
  ++speakers_;
}

void ConnectionBook::NoStranger(const Entry& entry) {
  --strangers_;
  if (entry.spoke) --speakers_;
}

void ConnectionBook::Busy(Id id) { entries_.at(id).busy = true; }

void ConnectionBook::Idle(Id id, SteadyTime now, SteadyTime deadline) {
  Entry& entry = entries_.at(id);
  entry.busy = false;
  entry.since = now;
  entry.deadline = deadline;
}

void ConnectionBook::SetDeadline(Id id, SteadyTime deadline) { entries_.at(id).deadline = deadline; }

void ConnectionBook::Gone(Id id) {
  const auto found = entries_.find(id);
  if (found == entries_.end()) return;
  if (!found->second.node) {
    NoStranger(found->second);
  } else {
    const auto count = nodes_.find(*found->second.node);
    if (--count->second == 0) nodes_.erase(count);
  }
  entries_.erase(found);
}

std::vector<ConnectionBook::Id> ConnectionBook::Expired(SteadyTime now) const {
  std::vector<Id> expired;
  for (const auto& [id, entry] : entries_) {
    if (!entry.busy && entry.deadline <= now) expired.push_back(id);
  }
  return expired;
}

ConnectionBook::Victim ConnectionBook::Least() const {
  const Victim stranger = WorstStranger();
  return stranger ? stranger : LongestIdle(nullptr);
}

size_t ConnectionBook::OfNode(std::string_view node) const {
  const auto found = nodes_.find(node);
  return found == nodes_.end() ? 0 : found->second;
}

ConnectionBook::Victim ConnectionBook::WorstStranger() const {
  const Victim first = OldestStranger(/*spoke=*/speakers_ * 2 > strangers_);
  return first ? first : OldestStranger(/*spoke=*/true);
}

ConnectionBook::Victim ConnectionBook::OldestStranger(bool spoke) const {
  for (const auto& [id, entry] : entries_) {
    if (!entry.node && entry.spoke == spoke) return id;
  }
  return std::nullopt;
}

ConnectionBook::Victim ConnectionBook::LongestIdle(const std::string* node) const {
  auto best = entries_.end();
  for (auto at = entries_.begin(); at != entries_.end(); ++at) {
    if (at->second.busy || !at->second.node || (node != nullptr && *at->second.node != *node)) continue;
    if (best == entries_.end() || at->second.since < best->second.since) best = at;
  }
  return best == entries_.end() ? Victim() : best->first;
}

}  // namespace ballast
