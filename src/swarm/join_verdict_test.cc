#include "swarm/join_verdict.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

namespace ballast {
namespace {

using testing::ElementsAre;

std::string Text(const JoinVerdict& verdict) {
  if (const auto* const to = std::get_if<SendTo>(&verdict)) return "to " + to->node;
  return std::holds_alternative<AskFirst>(verdict) ? "ask" : "take";
}

const std::vector<std::string> kOrder{"a", "self", "b", "c", "d"};

TEST(JoinVerdictTest, TheFirstInOrderAsksTheOthersAndThenTakesIn) {
  const std::vector<std::string> order{"self", "a", "b", "c", "d"};
  JoinQuestion question{.self = "self", .from = "d", .order = order};
  const JoinVerdict verdict = Judge(question);
  ASSERT_EQ(Text(verdict), "ask");
  EXPECT_THAT(std::get<AskFirst>(verdict).nodes, ElementsAre("a", "b", "c"));
  question.asked = true;
  EXPECT_EQ(Text(Judge(question)), "take");
}

TEST(JoinVerdictTest, WhoIsNotFirstSendsToTheFirstUnlessThatCannotBeReached) {
  JoinQuestion question{.self = "self", .from = "d", .order = kOrder};
  EXPECT_EQ(Text(Judge(question)), "to a");
  const std::vector<std::string> unreachable{"a"};
  question.unreachable = unreachable;
  EXPECT_EQ(Text(Judge(question)), "ask");
  EXPECT_THAT(AskedOf(question), ElementsAre("b", "c", "d"));
}

TEST(JoinVerdictTest, WhereNobodyCouldBeReachedAllAreAskedOnceMore) {
  const std::vector<std::string> order{"a", "b", "self"};
  const std::vector<std::string> unreachable{"b", "a"};
  const JoinQuestion question{.self = "self", .from = "self", .order = order, .unreachable = unreachable};
  const JoinVerdict verdict = Judge(question);
  ASSERT_EQ(Text(verdict), "ask");
  EXPECT_THAT(std::get<AskFirst>(verdict).nodes, ElementsAre("a", "b"));
}

TEST(JoinVerdictTest, ANodeAloneTakesItselfIn) {
  const std::vector<std::string> order{"self"};
  JoinQuestion question{.self = "self", .from = "self", .order = order};
  const JoinVerdict verdict = Judge(question);
  ASSERT_EQ(Text(verdict), "ask");
  EXPECT_TRUE(std::get<AskFirst>(verdict).nodes.empty());
}

// The rules, over every combination of what can matter.
TEST(JoinVerdictTest, TheRulesHoldForEveryQuestion) {
  const std::vector<std::vector<std::string>> orders{{"self"}, {"self", "a"}, {"a", "self", "b"}, {"a", "b", "self"}};
  const std::vector<std::vector<std::string>> cannot{{}, {"a"}, {"a", "b"}};
  for (const auto& order : orders) {
    for (const auto& unreachable : cannot) {
      for (const std::string known : {"", "a", "b", "self", "elsewhere"}) {
        for (int bits = 0; bits < 4; ++bits) {
          for (uint32_t redirects = 0; redirects < 5; ++redirects) {
            const JoinQuestion question{.self = "self",
                                        .from = "b",
                                        .active = (bits & 1) != 0,
                                        .asked = (bits & 2) != 0,
                                        .known = known,
                                        .order = order,
                                        .unreachable = unreachable,
                                        .redirects = redirects};
            const JoinVerdict verdict = Judge(question);
            const auto* const to = std::get_if<SendTo>(&verdict);
            const bool must_take = question.active || redirects >= question.max_redirects;
            EXPECT_TRUE(!must_take || Text(verdict) == "take") << "sticky, and nobody is sent for ever";
            if (to == nullptr) continue;
            EXPECT_NE(to->node, "self");
            EXPECT_EQ(std::count(unreachable.begin(), unreachable.end(), to->node), 0) << to->node;
          }
        }
      }
    }
  }
}

}  // namespace
}  // namespace ballast
