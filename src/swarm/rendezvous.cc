#include "swarm/rendezvous.h"

#include <xxhash.h>

#include <algorithm>
#include <string>

namespace ballast {
namespace {

struct Candidate {
  Rank rank;
  size_t index;
};

}  // namespace

uint64_t RendezvousWeight(std::string_view key, std::string_view name) {
  std::string text;
  text.reserve(key.size() + 1 + name.size());
  text.append(key).append(1, '\0').append(name);
  return XXH3_64bits(text.data(), text.size());
}

std::vector<size_t> RendezvousOrder(std::string_view key, std::span<const Member> members) {
  std::vector<Candidate> candidates;
  candidates.reserve(members.size());
  for (size_t i = 0; i < members.size(); ++i) {
    candidates.push_back({{RendezvousWeight(key, members[i].name), members[i].name}, i});
  }
  std::ranges::sort(candidates, RanksBefore, &Candidate::rank);
  std::vector<size_t> order;
  order.reserve(members.size());
  for (const Candidate& candidate : candidates) order.push_back(candidate.index);
  return order;
}

}  // namespace ballast
