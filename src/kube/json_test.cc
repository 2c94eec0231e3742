#include "kube/json.h"

#include <gtest/gtest.h>

namespace ballast {
namespace {

TEST(KubeJsonTest, ReadsWhatIsThereAndNothingElse) {
  const auto value = ParseJson(R"({"a":{"b":"text","n":7,"l":[1]},"s":"x"})");
  ASSERT_TRUE(value.ok()) << value.status();
  EXPECT_EQ(StringAt(*value, "/a/b"), "text");
  EXPECT_EQ(StringAt(*value, "/a/n"), "");
  EXPECT_EQ(StringAt(*value, "/s/b"), "");
  EXPECT_EQ(IntAt(*value, "/a/n"), 7);
  EXPECT_EQ(IntAt(*value, "/a/b", 3), 3);
  EXPECT_EQ(ChildAt(*value, "/a/l").size(), 1U);
  EXPECT_TRUE(ChildAt(*value, "/a/none").empty());
}

TEST(KubeJsonTest, WhatIsDeepOrBrokenIsRefused) {
  EXPECT_EQ(ParseJson("{").status().code(), StatusCode::kInvalidArgument);
  EXPECT_EQ(ParseJson("\"\xff\"").status().code(), StatusCode::kInvalidArgument);
  EXPECT_FALSE(ParseJson(std::string(101, '[') + std::string(101, ']')).ok());
  EXPECT_TRUE(ParseJson(std::string(100, '[') + std::string(100, ']')).ok());
  EXPECT_TRUE(ParseJson("\"" + std::string(1000, '[') + "\"").ok()) << "in a string they are text";
}

TEST(KubeJsonTest, NoTextMakesARequestImpossible) { EXPECT_EQ(DumpJson("a\xff"), "\"a\xEF\xBF\xBD\""); }

}  // namespace
}  // namespace ballast
