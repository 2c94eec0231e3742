#include "api/label_selector.h"

#include <gtest/gtest.h>

namespace ballast {
namespace {

using Op = LabelOperator;

TEST(LabelSelectorTest, AnEmptyOneMatchesEverything) {
  EXPECT_TRUE(LabelSelector().Matches({}));
  EXPECT_TRUE(LabelSelector().Matches({{"a", "b"}}));
}

TEST(LabelSelectorTest, LabelsMustBeThereWithTheirValues) {
  const LabelSelector selector{{{"a", "1"}, {"b", "2"}}, {}};
  EXPECT_TRUE(selector.Matches({{"a", "1"}, {"b", "2"}, {"c", "3"}}));
  EXPECT_FALSE(selector.Matches({{"a", "1"}}));
  EXPECT_FALSE(selector.Matches({{"a", "1"}, {"b", "3"}}));
}

// Over all operators: the label absent, there with a listed value, there with another.
TEST(LabelSelectorTest, ExpressionsHoldAsInKubernetes) {
  const struct {
    Op op;
    bool absent, listed, other;
  } rules[] = {{Op::kIn, false, true, false},
               {Op::kNotIn, true, false, true},
               {Op::kExists, false, true, true},
               {Op::kDoesNotExist, true, false, false}};
  for (const auto& rule : rules) {
    const LabelSelector selector{{}, {{"a", rule.op, {"1", "2"}}}};
    EXPECT_EQ(selector.Matches({}), rule.absent) << NameOf(kLabelOperators, rule.op);
    EXPECT_EQ(selector.Matches({{"a", "2"}}), rule.listed) << NameOf(kLabelOperators, rule.op);
    EXPECT_EQ(selector.Matches({{"a", "3"}}), rule.other) << NameOf(kLabelOperators, rule.op);
  }
}

}  // namespace
}  // namespace ballast
