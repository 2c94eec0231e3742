// A membership that a test changes.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "base/check.h"
#include "swarm/member_board.h"

namespace ballast {

// Thread-safe. What is no valid list with self in it crashes: the test is wrong.
class FakeMembership final : public Membership {
 public:
  FakeMembership(std::string self, std::vector<Member> members) : board_(std::move(self), Listed(std::move(members))) {}

  void Become(std::vector<Member> members) { board_.Publish(Listed(std::move(members))); }

  const std::string& self() const override { return board_.self(); }
  MemberListPtr Current() const override { return board_.Current(); }
  MembershipWatch Watch(Callback callback) override { return board_.Watch(std::move(callback)); }

 private:
  static MemberListPtr Listed(std::vector<Member> members) {
    auto list = MemberList::Of(std::move(members));
    BALLAST_CHECK(list.ok()) << list.status();
    return *list;
  }

  MemberBoard board_;
};

}  // namespace ballast
