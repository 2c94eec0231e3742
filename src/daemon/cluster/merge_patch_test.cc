#include "daemon/cluster/merge_patch.h"

#include <gtest/gtest.h>

namespace ballast {
namespace {

TEST(MergePatchTest, ThePatchMakesOneOfTheOther) {
  const Json before = {{"a", 1}, {"gone", "x"}, {"list", {1, 2}}, {"in", {{"x", 1}, {"y", 2}}}, {"same", {{"z", 1}}}};
  const Json after = {{"a", 2}, {"list", {2}}, {"in", {{"y", 3}}}, {"same", {{"z", 1}}}, {"new", {{"k", "v"}}}};
  const Json patch = MergePatchBetween(before, after);
  EXPECT_FALSE(patch.contains("same"));
  Json patched = before;
  patched.merge_patch(patch);
  EXPECT_EQ(patched, after);
}

TEST(MergePatchTest, NothingThereIsAnEmptyObject) {
  EXPECT_EQ(MergePatchBetween(nullptr, {{"a", 1}}), Json({{"a", 1}}));
  EXPECT_EQ(MergePatchBetween({{"a", 1}}, {{"a", 1}}), Json::object());
}

}  // namespace
}  // namespace ballast
