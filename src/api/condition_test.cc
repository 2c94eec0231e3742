#include "api/condition.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

namespace ballast {
namespace {

using ::testing::ElementsAre;

constexpr Timestamp kNow{std::chrono::seconds(1'000)};
constexpr Timestamp kLater{std::chrono::seconds(2'000)};

TEST(ConditionTest, EveryTypeAndReasonHasAWordOfItsOwnAndASentence) {
  std::vector<std::string_view> names;
  for (const Reason reason : AllReasons()) {
    names.push_back(NameOf(reason));
    EXPECT_TRUE(TextOf(reason).ends_with('.') && TextOf(reason).size() > 10) << NameOf(reason);
  }
  EXPECT_EQ(names.size(), static_cast<size_t>(Reason::kWithinQuota) + 1);
  EXPECT_TRUE(std::is_sorted(names.begin(), names.end()));
  EXPECT_EQ(std::adjacent_find(names.begin(), names.end()), names.end());
  EXPECT_EQ(AllConditionTypes().size(), static_cast<size_t>(ConditionType::kCertificateReady) + 1);
  for (const ConditionType type : AllConditionTypes()) EXPECT_TRUE(TextOf(type).ends_with('.')) << NameOf(type);
}

TEST(ConditionTest, IsPutInPlaceOfTheOneOfItsType) {
  std::vector<Condition> conditions = {{.type = "Other", .reason = "Foreign"}};
  SetCondition(conditions, ConditionType::kReady, ConditionStatus::kFalse, Reason::kNodesWarming, "1/2", 1, kNow);
  const Condition warming{"Ready", ConditionStatus::kFalse, 1, kNow, "NodesWarming", "1/2"};
  EXPECT_THAT(conditions, ElementsAre(Condition{.type = "Other", .reason = "Foreign"}, warming));
  EXPECT_EQ(*FindCondition(conditions, ConditionType::kReady), warming);
  EXPECT_EQ(FindCondition(conditions, ConditionType::kDegraded), nullptr);
}

TEST(ConditionTest, KeepsItsTimeWhileTheStatusStays) {
  std::vector<Condition> conditions;
  SetCondition(conditions, ConditionType::kReady, ConditionStatus::kFalse, Reason::kNodesWarming, "1/2", 1, kNow);
  SetCondition(conditions, ConditionType::kReady, ConditionStatus::kFalse, Reason::kNodesFailed, "n1", 2, kLater);
  EXPECT_EQ(conditions[0], (Condition{"Ready", ConditionStatus::kFalse, 2, kNow, "NodesFailed", "n1"}));
  SetCondition(conditions, ConditionType::kReady, ConditionStatus::kTrue, Reason::kNodesWarm, "", 2, kLater);
  EXPECT_EQ(conditions[0].last_transition_time, kLater);
}

}  // namespace
}  // namespace ballast
