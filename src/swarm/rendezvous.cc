#include "swarm/rendezvous.h"

#include <xxhash.h>

#include <algorithm>
#include <iterator>
#include <string>

namespace ballast {
namespace {

struct Candidate {
  Rank rank;
  size_t index;
};

// The first `count` of the order; `count` is at most members.size().
std::vector<size_t> FirstInOrder(std::string_view key, std::span<const Member> members, size_t count) {
  std::vector<Candidate> candidates;
  candidates.reserve(members.size());
  for (size_t i = 0; i < members.size(); ++i) {
    candidates.push_back({{RendezvousWeight(key, members[i].name), members[i].name}, i});
  }
  const auto before = [](const Candidate& a, const Candidate& b) { return RanksBefore(a.rank, b.rank); };
  const auto end = candidates.begin() + static_cast<ptrdiff_t>(count);
  std::partial_sort(candidates.begin(), end, candidates.end(), before);
  std::vector<size_t> order;
  order.reserve(count);
  std::transform(candidates.begin(), end, std::back_inserter(order), [](const Candidate& c) { return c.index; });
  return order;
}

}  // namespace

uint64_t RendezvousWeight(std::string_view key, std::string_view name) {
  std::string text;
  text.reserve(key.size() + 1 + name.size());
  text.append(key).append(1, '\0').append(name);
  return XXH3_64bits(text.data(), text.size());
}

std::vector<size_t> RendezvousOrder(std::string_view key, std::span<const Member> members) {
  return FirstInOrder(key, members, members.size());
}

std::vector<size_t> CoordinatorsOf(const Digest& model, std::span<const Member> members) {
  return FirstInOrder(model.ToString(), members, CoordinatorCount(members.size()));
}

}  // namespace ballast
