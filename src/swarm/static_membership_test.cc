#include "swarm/static_membership.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "swarm/testing/members.h"

namespace ballast {
namespace {

using testing::HasSubstr;

TEST(StaticMembershipTest, RefusesAListWithoutThisNode) {
  const Status status = StaticMembership::Of("node-9", TestMembers(3)).status();
  EXPECT_EQ(status.code(), StatusCode::kInvalidArgument);
  EXPECT_THAT(status.message(), HasSubstr("this node, \"node-9\", is not among the 3 members of the swarm: add it"));
}

TEST(StaticMembershipTest, RefusesABadList) {
  auto members = TestMembers(3);
  members[2].name = members[1].name;
  EXPECT_THAT(StaticMembership::Of("node-1", members).status().message(), HasSubstr("one name"));
}

TEST(StaticMembershipTest, ARefusedReplacementChangesNothing) {
  const auto membership = StaticMembership::Of("node-1", TestMembers(3)).value();
  int heard = 0;
  const auto watch = membership->Watch([&](const MemberListPtr&) { ++heard; });
  EXPECT_THAT(membership->Replace({TestMember(2)}).message(), HasSubstr("add it"));
  EXPECT_THAT(membership->Replace({TestMember(1), TestMember(1)}).message(), HasSubstr("one name"));
  EXPECT_EQ(membership->Current()->size(), 3U);
  EXPECT_EQ(heard, 1);
}

TEST(StaticMembershipTest, AMovedNodeIsAChange) {
  const auto membership = StaticMembership::Of("node-1", TestMembers(2)).value();
  int heard = 0;
  const auto watch = membership->Watch([&](const MemberListPtr&) { ++heard; });
  auto members = TestMembers(2);
  members[1].host = "10.0.9.9";
  EXPECT_EQ(membership->Replace(members), OkStatus());
  EXPECT_EQ(heard, 2);
  EXPECT_EQ(membership->Current()->Find("node-2")->host, "10.0.9.9");
}

}  // namespace
}  // namespace ballast
