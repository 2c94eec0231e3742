#include "swarm/merge.h"

#include <algorithm>
#include <iterator>
#include <set>
#include <utility>

namespace ballast {
namespace {

// `older` before what `newer` has.
template <typename T>
void Prepend(std::vector<T> older, std::vector<T>& newer) {
  if (older.empty()) return;
  older.insert(older.end(), std::make_move_iterator(newer.begin()), std::make_move_iterator(newer.end()));
  newer = std::move(older);
}

}  // namespace

Next Merged(Next older, Next newer) {
  Prepend(std::move(older.received), newer.received);
  Prepend(std::move(older.failed), newer.failed);
  Prepend(std::move(older.proven), newer.proven);
  Prepend(std::move(older.unproven), newer.unproven);
  return newer;
}

Reply Merged(Reply older, Reply newer) {
  const std::set<PieceRef> gone(newer.withdrawn.begin(), newer.withdrawn.end());
  std::erase_if(older.assignments, [&gone](const Assignment& assignment) {
    return assignment.source != kOrigin && gone.contains(assignment.first);
  });
  Prepend(std::move(older.assignments), newer.assignments);
  Prepend(std::move(older.withdrawn), newer.withdrawn);
  newer.announce = newer.announce || older.announce;
  return newer;
}

void Append(FromCoordinator newer, std::deque<FromCoordinator>& waiting) {
  auto* const reply = std::get_if<Reply>(&newer.message);
  auto* const last = waiting.empty() ? nullptr : std::get_if<Reply>(&waiting.back().message);
  if (reply == nullptr || last == nullptr) {
    waiting.push_back(std::move(newer));
    return;
  }
  *last = Merged(std::move(*last), std::move(*reply));
  waiting.back().seen = std::max(waiting.back().seen, newer.seen);
}

}  // namespace ballast
