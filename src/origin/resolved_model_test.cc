#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "origin/origin.h"

namespace ballast {
namespace {

using testing::AllOf;
using testing::HasSubstr;

RemoteFile File(const std::string& path, uint64_t size) { return {.path = *SafePath::Parse(path), .size = size}; }

TEST(CheckListingTest, SizesAreBoundedEachAndTogether) {
  EXPECT_TRUE(CheckListing({}).ok());
  EXPECT_TRUE(CheckListing({File("a", 0), File("b", kMaxFileSize)}).ok());
  const Status large = CheckListing({File("a", 0), File("b", kMaxFileSize + 1)});
  EXPECT_EQ(large.code(), StatusCode::kInvalidArgument);
  EXPECT_THAT(large.message(), AllOf(HasSubstr("\"b\""), HasSubstr("1.0 PiB"), HasSubstr("exclude")));
  EXPECT_FALSE(CheckListing({File("a", UINT64_MAX)}).ok());
  std::vector<RemoteFile> files;
  files.reserve(8192);
  for (int i = 0; i < 8191; ++i) files.push_back(File("f" + std::to_string(i), kMaxFileSize));
  EXPECT_TRUE(CheckListing(files).ok());
  files.push_back(File("last", kMaxFileSize));
  EXPECT_THAT(CheckListing(files).message(), HasSubstr("2^63"));
}

TEST(CheckListingTest, PathsAreASet) {
  EXPECT_THAT(CheckListing({File("a", 1), File("a", 1)}).message(), HasSubstr("listed twice"));
  EXPECT_FALSE(CheckListing({File("a", 1), File("a/b", 1)}).ok());
}

TEST(CheckNotEmptyTest, SaysWhetherThePatternsOrTheModelAreToBlame) {
  ResolvedModel model{.ref = *ModelRef::Parse("hf://org/name")};
  EXPECT_THAT(CheckNotEmpty(model, {}).ToString(), AllOf(HasSubstr("NOT_FOUND"), HasSubstr("hf://org/name")));
  EXPECT_THAT(CheckNotEmpty(model, {.include = {"x"}}).ToString(),
              AllOf(HasSubstr("INVALID_ARGUMENT"), HasSubstr("check the patterns")));
  model.files.push_back(File("a", 0));
  EXPECT_TRUE(CheckNotEmpty(model, {}).ok());
}

}  // namespace
}  // namespace ballast
