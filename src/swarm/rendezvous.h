// Who is responsible for a key: every node computes the same answer from the same members, with nobody to ask.
// Rendezvous hashing (highest random weight; Thaler and Ravishankar 1998): when a member leaves, only what was its own
// goes elsewhere, to the next in order; when one comes, it takes only what becomes its own.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "swarm/member.h"

namespace ballast {

// XXH3-64, seed 0, of key, a NUL byte and name (which never has one): the same on every machine. Part of the protocol
// between nodes, never to be changed: `printf 'KEY\0NAME' | xxhsum -H3` shows it.
uint64_t RendezvousWeight(std::string_view key, std::string_view name);

// What a member's place in an order comes from.
struct Rank {
  uint64_t weight;
  std::string_view name;
};

// The greater weight comes first; of equal weights, the smaller name.
inline bool RanksBefore(const Rank& a, const Rank& b) {
  return a.weight != b.weight ? a.weight > b.weight : a.name < b.name;
}

// Indexes into `members` as RanksBefore() has them. The order of names does not depend on the order of `members`, whose
// names differ (a MemberList's do).
std::vector<size_t> RendezvousOrder(std::string_view key, std::span<const Member> members);

}  // namespace ballast
