#include "swarm/rendezvous.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <random>
#include <set>

#include "core/digest.h"
#include "swarm/testing/members.h"

namespace ballast {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

std::vector<std::string> NamesInOrder(std::string_view key, const std::vector<Member>& members) {
  std::vector<std::string> names;
  for (const size_t index : RendezvousOrder(key, members)) names.push_back(members[index].name);
  return names;
}

// Between 1 and 200 of the nodes 1 to 60,000, in no order.
std::vector<Member> RandomMembers(std::mt19937& random) {
  std::set<unsigned> numbers;
  for (auto count = 1 + random() % 200; count > 0; --count) numbers.insert(1 + random() % 60'000);
  std::vector<Member> members;
  members.reserve(numbers.size());
  for (const unsigned number : numbers) members.push_back(TestMember(number));
  std::shuffle(members.begin(), members.end(), random);
  return members;
}

// The seeds of generated tests; each is a membership and a key.
template <typename Test>
void ForManyMemberships(Test test) {
  for (unsigned seed = 1; seed <= 100; ++seed) {
    SCOPED_TRACE(seed);
    std::mt19937 random(seed);
    const auto members = RandomMembers(random);
    test(members, Digest::Of(StrCat("model ", seed)), random);
  }
}

TEST(RendezvousTest, WeightsAreTheSameOnEveryMachine) {
  EXPECT_EQ(RendezvousWeight("", ""), 0xc44bdff4074eecdbU);
  EXPECT_EQ(RendezvousWeight("key", "node-1"), 0xc340b4b0970d620dU);
  EXPECT_EQ(RendezvousWeight("key", "ip-10-0-0-7.eu-west-1.compute.internal"), 0x71d8a17cfa861edaU);
  const std::string digest = Digest::Of("").ToString();
  EXPECT_EQ(RendezvousWeight(digest, "node-1"), 0xee47855956e72edcU);
  EXPECT_EQ(RendezvousWeight(digest, std::string(253, 'x')), 0xc94e29914ed60f7aU);
}

TEST(RendezvousTest, OrdersAreTheSameOnEveryMachine) {
  EXPECT_THAT(NamesInOrder("key", TestMembers(6)),
              ElementsAre("node-1", "node-3", "node-4", "node-6", "node-5", "node-2"));
}

TEST(RendezvousTest, GreaterWeightsComeFirstAndNamesBreakTies) {
  EXPECT_TRUE(RanksBefore({2, "b"}, {1, "a"}));
  EXPECT_FALSE(RanksBefore({1, "a"}, {2, "b"}));
  EXPECT_TRUE(RanksBefore({1, "a"}, {1, "b"}));
  EXPECT_FALSE(RanksBefore({1, "b"}, {1, "a"}));
  EXPECT_FALSE(RanksBefore({1, "a"}, {1, "a"}));
}

TEST(RendezvousTest, OrderIsByWeightAndHoldsEveryMemberOnce) {
  ForManyMemberships([](const auto& members, const Digest& model, std::mt19937&) {
    const std::string key = model.ToString();
    const auto order = RendezvousOrder(key, members);
    ASSERT_EQ(std::set<size_t>(order.begin(), order.end()).size(), members.size());
    ASSERT_EQ(order.size(), members.size());
    EXPECT_TRUE(std::is_sorted(order.begin(), order.end(), [&](size_t a, size_t b) {
      return RendezvousWeight(key, members[a].name) > RendezvousWeight(key, members[b].name);
    }));
  });
}

TEST(RendezvousTest, OrderDoesNotDependOnTheOrderOfMembers) {
  ForManyMemberships([](auto members, const Digest& model, std::mt19937& random) {
    const auto names = NamesInOrder(model.ToString(), members);
    std::shuffle(members.begin(), members.end(), random);
    EXPECT_EQ(NamesInOrder(model.ToString(), members), names);
  });
}

// Hence also: what a leaving member had goes to the next in order, and nothing else moves.
TEST(RendezvousTest, AMemberThatLeavesOrComesChangesNobodyElsesOrder) {
  ForManyMemberships([](auto members, const Digest& model, std::mt19937& random) {
    auto names = NamesInOrder(model.ToString(), members);
    const auto leaving = members.begin() + static_cast<ptrdiff_t>(random() % members.size());
    std::erase(names, leaving->name);
    members.erase(leaving);
    EXPECT_EQ(NamesInOrder(model.ToString(), members), names);
  });
}

TEST(RendezvousTest, OnlyTheKeysOfALeavingMemberMove) {
  std::mt19937 random(1);
  auto members = TestMembers(40);
  std::map<std::string, std::string> owner;
  for (int i = 0; i < 2000; ++i) {
    const std::string key = StrCat("key ", i);
    owner[key] = NamesInOrder(key, members)[0];
  }
  const std::string left = members[17].name;
  members.erase(members.begin() + 17);
  for (const auto& [key, before] : owner) {
    const std::string after = NamesInOrder(key, members)[0];
    if (before == left) {
      EXPECT_NE(after, left);
    } else {
      EXPECT_EQ(after, before) << key;
    }
  }
}

// 20,000 keys on 50 members, 400 each: a fair draw's standard deviation is 20. Bound: 20 % (4 deviations) for the
// fullest and the emptiest, and chi-squared below 49 + 5 * sqrt(98) for all.
void ExpectBalance(const std::vector<Member>& members) {
  constexpr int kKeys = 20'000;
  const double fair = kKeys / static_cast<double>(members.size());
  std::vector<int> keys(members.size());
  for (int i = 0; i < kKeys; ++i) ++keys[RendezvousOrder(Digest::Of(StrCat(i)).ToString(), members)[0]];
  double chi_squared = 0;
  for (const int count : keys) {
    EXPECT_NEAR(count, fair, fair * 0.2);
    chi_squared += (count - fair) * (count - fair) / fair;
  }
  EXPECT_LT(chi_squared, 98.5);
}

TEST(RendezvousTest, KeysAreSpreadEvenlyOverMembersWithNamesAlike) { ExpectBalance(TestMembers(50)); }

TEST(RendezvousTest, KeysAreSpreadEvenlyOverMembersNamedByLongHostNames) {
  auto members = TestMembers(50);
  for (Member& member : members) member.name = StrCat("ip-", member.host, ".eu-west-1.compute.internal");
  ExpectBalance(members);
}

}  // namespace
}  // namespace ballast
