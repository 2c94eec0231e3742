#include "swarm/static_membership.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "swarm/testing/fake_membership.h"
#include "swarm/testing/membership_conformance.h"

namespace ballast {
namespace {

using testing::HasSubstr;

std::vector<Member> Numbered(const std::vector<unsigned>& numbers) {
  std::vector<Member> members;
  for (const unsigned number : numbers) members.push_back(TestMember(number));
  return members;
}

struct StaticUnderTest final : MembershipUnderTest {
  Membership& membership() override { return *membership_; }
  std::string NameOf(unsigned number) const override { return TestMember(number).name; }
  void Become(const std::vector<unsigned>& numbers) override {
    const Status status = membership_->Replace(Numbered(numbers));
    BALLAST_CHECK(status.ok()) << status;
  }
  std::unique_ptr<StaticMembership> membership_ = StaticMembership::Of("node-1", TestMembers(1)).value();
};

struct FakeUnderTest final : MembershipUnderTest {
  Membership& membership() override { return membership_; }
  std::string NameOf(unsigned number) const override { return TestMember(number).name; }
  void Become(const std::vector<unsigned>& numbers) override { membership_.Become(Numbered(numbers)); }
  FakeMembership membership_{"node-1", TestMembers(1)};
};

template <typename UnderTest>
std::unique_ptr<MembershipUnderTest> Make() {
  return std::make_unique<UnderTest>();
}

INSTANTIATE_TEST_SUITE_P(Static, MembershipConformanceTest, testing::Values(&Make<StaticUnderTest>));
INSTANTIATE_TEST_SUITE_P(Fake, MembershipConformanceTest, testing::Values(&Make<FakeUnderTest>));

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
