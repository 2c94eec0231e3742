#include "swarm/member_list.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <random>

#include "swarm/testing/members.h"

namespace ballast {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

MemberListPtr List(std::vector<Member> members) { return MemberList::Of(std::move(members)).value(); }

TEST(MemberListTest, IsSortedByNameAndFindsByName) {
  const auto list = List({TestMember(3), TestMember(10), TestMember(2)});
  EXPECT_THAT(NamesOf(*list), ElementsAre("node-10", "node-2", "node-3"));
  ASSERT_NE(list->Find("node-2"), nullptr);
  EXPECT_EQ(*list->Find("node-2"), TestMember(2));
  for (const char* absent : {"", "node-1", "node-20", "zzz"}) EXPECT_EQ(list->Find(absent), nullptr) << absent;
}

TEST(MemberListTest, MayBeEmpty) {
  EXPECT_EQ(List({})->size(), 0U);
  EXPECT_EQ(List({})->Find("node-1"), nullptr);
}

TEST(MemberListTest, RefusesTwoOfOneName) {
  Member twin = TestMember(1);
  twin.host = "10.0.9.9";
  const Status status = MemberList::Of({TestMember(1), TestMember(2), twin}).status();
  EXPECT_EQ(status.code(), StatusCode::kInvalidArgument);
  for (const char* text : {"one name", "node-1 (10.0.0.1, ports", "node-1 (10.0.9.9, ports"}) {
    EXPECT_THAT(status.message(), HasSubstr(text));
  }
}

TEST(MemberListTest, RefusesTwoAtOneAddressHoweverItIsWritten) {
  Member first = TestMember(1);
  Member second = TestMember(2);
  first.host = "fd00::7";
  second.host = "FD00:0::7";
  second.control_port = 9000;
  second.data_port = first.control_port;
  const Status status = MemberList::Of({first, second}).status();
  EXPECT_EQ(status.code(), StatusCode::kInvalidArgument);
  for (const char* text : {"one address, port 7070", "node-1 (fd00::7", "node-2 (fd00::7"}) {
    EXPECT_THAT(status.message(), HasSubstr(text));
  }
  second.data_port = 9001;
  EXPECT_TRUE(MemberList::Of({first, second}).ok()) << "a host may be shared";
}

TEST(MemberListTest, RefusesABadMember) {
  Member bad = TestMember(2);
  bad.name = "../etc";
  EXPECT_THAT(MemberList::Of({TestMember(1), bad}).status().message(), HasSubstr("\"../etc\" is not a node name"));
}

TEST(MemberListTest, HashIsTheSameOnEveryMachine) {
  // printf '' | sha256sum; printf 'node-1\nnode-10\nnode-2\n' | sha256sum: the first 16 digits.
  EXPECT_EQ(List({})->hash(), 0xe3b0c44298fc1c14U);
  EXPECT_EQ(List({TestMember(1), TestMember(2), TestMember(10)})->hash(), 0xc7b4591f3bebb7f8U);
}

TEST(MemberListTest, HashKnowsNoOrderZoneOrAddress) {
  auto members = TestMembers(50);
  const uint64_t hash = List(members)->hash();
  std::mt19937 random(7);
  for (int i = 0; i < 20; ++i) {
    std::shuffle(members.begin(), members.end(), random);
    EXPECT_EQ(List(members)->hash(), hash);
  }
  members[0].host = "somewhere.example";
  members[1].zone = "b";
  EXPECT_EQ(List(members)->hash(), hash);
}

TEST(MemberListTest, HashChangesWithEveryName) {
  std::vector<uint64_t> hashes;
  for (size_t without = 0; without < 50; ++without) {
    auto members = TestMembers(50);
    members.erase(members.begin() + static_cast<ptrdiff_t>(without));
    hashes.push_back(List(members)->hash());
  }
  hashes.push_back(List(TestMembers(50))->hash());
  std::sort(hashes.begin(), hashes.end());
  EXPECT_EQ(std::adjacent_find(hashes.begin(), hashes.end()), hashes.end());
}

TEST(MemberListTest, EqualityKnowsZoneAndAddress) {
  auto members = TestMembers(3);
  const auto list = List(members);
  EXPECT_EQ(*list, *List({members[2], members[0], members[1]}));
  members[1].zone = "b";
  EXPECT_NE(*list, *List(members));
}

}  // namespace
}  // namespace ballast
