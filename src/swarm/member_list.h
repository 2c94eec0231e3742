// All nodes of the swarm at one moment.
#pragma once

#include <compare>
#include <cstdint>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include "swarm/member.h"

namespace ballast {

// Immutable, hence thread-safe: checked members, sorted by name. Shared as a snapshot, `MemberListPtr`.
class MemberList {
 public:
  // In any order. InvalidArgument: a member that CheckedMember() refuses, two of one name, or two at one address (host
  // and either port). A source of members that may name a node twice (Kubernetes does while a pod is replaced) must
  // choose one of them first.
  static Result<std::shared_ptr<const MemberList>> Of(std::vector<Member> members);

  std::span<const Member> members() const { return members_; }
  size_t size() const { return members_.size(); }
  const Member& operator[](size_t index) const { return members_[index]; }
  // Null where there is none.
  const Member* Find(std::string_view name) const;

  // The first 8 bytes, big-endian, of the SHA-256 of every name, each with a '\n' behind it, in order: the same on
  // every machine and in every version. It covers the names alone, since nothing else decides who coordinates what:
  // nodes with equal hashes agree on every rendezvous order, also while one has not heard yet of a new address or zone.
  uint64_t hash() const { return hash_; }

  friend bool operator==(const MemberList& a, const MemberList& b) { return a.members_ == b.members_; }

 private:
  explicit MemberList(std::vector<Member> members);

  std::vector<Member> members_;
  uint64_t hash_;
};

using MemberListPtr = std::shared_ptr<const MemberList>;

}  // namespace ballast
