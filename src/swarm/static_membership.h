// Members from a list, as configuration gives it.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "swarm/member_board.h"

namespace ballast {

// Thread-safe.
class StaticMembership final : public Membership {
 public:
  // InvalidArgument: what MemberList::Of() refuses, or a list without `self`.
  static Result<std::unique_ptr<StaticMembership>> Of(std::string self, std::vector<Member> members);

  // As if it had been the list from the start; where it is refused, all stays as it was.
  Status Replace(std::vector<Member> members);

  const std::string& self() const override { return board_.self(); }
  MemberListPtr Current() const override { return board_.Current(); }
  MembershipWatch Watch(Callback callback) override { return board_.Watch(std::move(callback)); }

 private:
  StaticMembership(std::string self, MemberListPtr first) : board_(std::move(self), std::move(first)) {}

  MemberBoard board_;
};

}  // namespace ballast
