#include "operator/merge_diff.h"

#include <gtest/gtest.h>

namespace ballast::controller {
namespace {

TEST(MergeDiffTest, LeadsFromOneToTheOther) {
  const std::vector<Json> values = {
      {},
      Json::object(),
      {{"a", 1}},
      {{"a", {{"b", 1}, {"c", {1, 2}}}}},
      {{"a", {{"b", 2}}}, {"d", "x"}},
      {{"a", {{"c", {2}}}}},
  };
  for (const Json& from : values) {
    for (const Json& to : values) {
      if (from.is_null() || to.is_null()) continue;
      Json patched = from;
      patched.merge_patch(MergeDiff(from, to));
      EXPECT_EQ(patched, to) << from << " to " << to;
    }
  }
  EXPECT_EQ(MergeDiff({{"a", 1}}, {{"a", 1}}), Json::object());
}

TEST(StatusPatchTest, IsForTheObjectAsItWasRead) {
  Json before = {{"metadata", {{"uid", "u"}, {"resourceVersion", "7"}}}, {"status", {{"a", 1}, {"b", 2}}}};
  Json after = before;
  after["status"].erase("a");
  EXPECT_EQ(StatusPatch(before, after),
            Json::parse(R"({"metadata":{"uid":"u","resourceVersion":"7"},"status":{"a":null}})"));
}

}  // namespace
}  // namespace ballast::controller
