#include "core/safe_path.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "base/strings.h"
#include "core/testing/hostile_names.h"
#include "core/testing/peak_memory.h"

namespace ballast {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

bool IsPrintableAscii(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return c >= ' ' && c < 0x7f; });
}

std::vector<SafePath> Paths(const std::vector<std::string>& names) {
  std::vector<SafePath> paths;
  paths.reserve(names.size());
  for (const std::string& name : names) paths.push_back(SafePath::Parse(name).value());
  return paths;
}

TEST(SafePathTest, RefusesEveryHostileNameByItsRuleAndQuotesIt) {
  const std::vector<HostileName> names = HostileNames();
  EXPECT_GE(names.size(), 200U);
  for (const HostileName& hostile : names) {
    const Status status = SafePath::Parse(hostile.name).status();
    EXPECT_EQ(status.code(), StatusCode::kInvalidArgument) << Quoted(hostile.name);
    EXPECT_THAT(status.message(), HasSubstr(hostile.rule));
    EXPECT_THAT(status.message(), HasSubstr(Quoted(hostile.name)));
    EXPECT_TRUE(IsPrintableAscii(status.message())) << Quoted(hostile.name);
    EXPECT_LT(status.message().size(), 1000U);
  }
}

TEST(SafePathTest, NoHostileNameStandsInTheTableTwice) {
  std::set<std::string> seen;
  for (const HostileName& hostile : HostileNames())
    EXPECT_TRUE(seen.insert(hostile.name).second) << Quoted(hostile.name);
}

TEST(SafePathTest, AcceptsWhatIsOnlyUnusual) {
  for (const std::string& name : OddButFineNames()) {
    const Result<SafePath> path = SafePath::Parse(name);
    ASSERT_TRUE(path.ok()) << path.status();
    EXPECT_EQ(path->str(), name);
  }
}

TEST(SafePathTest, ComponentsAreSplitAtSlashes) {
  EXPECT_THAT(SafePath::Parse("a/b.c/d").value().Components(), ElementsAre("a", "b.c", "d"));
}

TEST(SafeNameTest, ANameIsOneComponent) {
  EXPECT_TRUE(CheckSafeName("llama-3").ok());
  for (const HostileName& hostile : HostileNames()) {
    EXPECT_FALSE(CheckSafeName(hostile.name).ok()) << Quoted(hostile.name);
  }
  EXPECT_THAT(CheckSafeName("a/b").message(), HasSubstr("holds a '/'"));
}

TEST(PathSetTest, RefusesEveryHostileListingInAnyOrderAndNamesBoth) {
  for (const HostileListing& listing : HostileListings()) {
    std::vector<std::string> names = listing.names;
    std::sort(names.begin(), names.end());
    do {
      const Status status = CheckPathSet(Paths(names));
      EXPECT_EQ(status.code(), StatusCode::kInvalidArgument) << Quoted(names[0]);
      EXPECT_THAT(status.message(), HasSubstr(listing.rule));
      EXPECT_THAT(status.message(), HasSubstr("exclude"));
    } while (std::next_permutation(names.begin(), names.end()));
  }
  EXPECT_THAT(CheckPathSet(Paths({"A", "x", "a/b"})).message(), HasSubstr("\"A\""));
  EXPECT_THAT(CheckPathSet(Paths({"A", "x", "a/b"})).message(), HasSubstr("\"a/b\""));
}

TEST(PathSetTest, AcceptsNamesThatOnlyResembleEachOther) {
  EXPECT_TRUE(CheckPathSet({}).ok());
  EXPECT_EQ(CheckPathSet(Paths({"a", "a.b", "a-b/c", "ab", "a0/b", "A1/x", "a1/y", "\u0131", "i", "o", "\u00f8"})),
            OkStatus());
  std::vector<std::string> fine = OddButFineNames();
  EXPECT_EQ(CheckPathSet(Paths(fine)), OkStatus());
}

TEST(PathSetTest, AMillionPathsTakeBoundedMemory) {
  std::vector<SafePath> paths;
  for (int i = 0; i < 999'999; ++i) {
    const std::string shard = (i % 10 == 0 ? "\u00c9/" : "shard/") + std::to_string(i % 1000);
    paths.push_back(SafePath::Parse(shard + "/" + std::to_string(i)).value());
  }
  paths.push_back(SafePath::Parse("\u00e9/10/10").value());
  const uint64_t peak =
      PeakMemoryOf([&] { EXPECT_THAT(CheckPathSet(paths).message(), HasSubstr("differ only in case")); });
  EXPECT_GT(peak, uint64_t{20} << 20);  // or nothing was measured
  EXPECT_LT(peak, uint64_t{256} << 20);
}

TEST(Utf8Test, KnowsOverlongFormsAndSurrogates) {
  EXPECT_TRUE(IsUtf8(""));
  EXPECT_TRUE(IsUtf8("a\u00e9\u4e2d\U0001F600\U0010FFFF"));
  for (const char* bad : {"\x80", "\xc0\x80", "\xe0\x80\x80", "\xed\xa0\x80", "\xf4\x90\x80\x80", "\xc3", "a\xff"}) {
    EXPECT_FALSE(IsUtf8(bad)) << Quoted(bad);
  }
}

}  // namespace
}  // namespace ballast
