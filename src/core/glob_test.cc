#include "core/glob.h"

#include <fnmatch.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>

namespace ballast {
namespace {

using ::testing::HasSubstr;

TEST(GlobTest, MeansWhatTheHubsClientMeans) {  // expectations: Python's fnmatch.fnmatchcase
  struct Case {
    std::string_view pattern, path;
    bool matches;
  };
  const Case cases[] = {
      {"*.safetensors", "model.safetensors", true},
      {"*.safetensors", "deep/er/model.safetensors", true},  // '*' takes '/' too
      {"*.json", "config.json.bak", false},
      {"tokenizer*", "tokenizer_config.json", true},
      {"original/**", "original/a/b", true},
      {"original/", "original/a/b", true},
      {"original/", "original", false},
      {"config.json", "Config.json", false},
      {"?", "\u00e9", true},
      {"??", "\u00e9", false},
      {"[\u00e0-\u00ef]x", "\u00e9x", true},
      {"v[0-9].bin", "v7.bin", true},
      {"v[!0-9].bin", "v7.bin", false},
      {"v[!0-9].bin", "vx.bin", true},
      {"[]]", "]", true},
      {"[!]]", "]", false},
      {"[a-]", "-", true},
      {"[--0]", ".", true},
      {"[z-a]", "b", false},
      {"[a", "[a", true},
      {"[", "[", true},
      {"[]", "[]", true},
      {"a[!]", "a[!]", true},
      {"*", "", true},
      {"", "", true},
      {"", "a", false},
      {"a*b*c", "a/x/b/y/c", true},
      {"a*b*c", "a/x/c/y/b", false},
  };
  for (const Case& c : cases) EXPECT_EQ(GlobMatch(c.pattern, c.path), c.matches) << c.pattern << " " << c.path;
}

TEST(GlobTest, AgreesWithTheCLibraryOnGeneratedInput) {
  std::mt19937_64 random(11);
  const auto text = [&](std::string_view alphabet, size_t most) {
    std::string out(random() % (most + 1), ' ');
    for (char& c : out) c = alphabet[random() % alphabet.size()];
    return out;
  };
  int matches = 0;
  for (int round = 0; round < 200'000; ++round) {
    const std::string pattern = text("ab/*?", 8) + "a";  // a final '/' is ours alone
    const std::string path = text("ab/", 10) + (round % 2 == 0 ? "a" : "");
    const bool expected = ::fnmatch(pattern.c_str(), path.c_str(), FNM_NOESCAPE) == 0;
    ASSERT_EQ(GlobMatch(pattern, path), expected) << pattern << " " << path;
    matches += expected ? 1 : 0;
  }
  EXPECT_GT(matches, 1000);
}

// A backtracking matcher would take 2^500 steps.
TEST(GlobTest, HostilePatternsEnd) {
  std::string pattern;
  for (int i = 0; i < 500; ++i) pattern += "*a";
  EXPECT_FALSE(GlobMatch(pattern + "b", std::string(1024, 'a')));
  EXPECT_FALSE(GlobMatch("*" + std::string(1000, '[') + "x", std::string(1024, '[')));
}

TEST(PathFilterTest, ExcludeWinsOverInclude) {
  const PathFilter filter{{"*.json", "*.txt"}, {"original/*"}};
  EXPECT_TRUE(filter.Admits("config.json"));
  EXPECT_FALSE(filter.Admits("model.bin"));
  EXPECT_FALSE(filter.Admits("original/config.json"));
  EXPECT_TRUE(PathFilter{}.Admits("anything"));
}

// Whatever is below a folder that nobody looks into is excluded by name, too.
TEST(PathFilterTest, KnowsWhichFoldersAreExcludedWhole) {
  for (const char* pattern : {"a/", "a/*", "a/**", "a*", "*", "?/*", "[a]/*", "*a/*"}) {
    const PathFilter filter{{}, {pattern}};
    EXPECT_TRUE(filter.ExcludesAllBelow("a")) << pattern;
    EXPECT_FALSE(filter.Admits("a/b")) << pattern;
    EXPECT_FALSE(filter.Admits("a/b/c.json")) << pattern;
  }
  for (const char* pattern : {"a", "a/*.json", "b/*", "a/b/*", "*.json", "a/?", "a[/]b*", "a/[*"}) {
    EXPECT_FALSE((PathFilter{{}, {pattern}}).ExcludesAllBelow("a")) << pattern;
  }
  EXPECT_FALSE((PathFilter{{"b/*"}, {}}).ExcludesAllBelow("a"));
}

TEST(PathFilterTest, RefusesPatternsThatCannotBeMeant) {
  EXPECT_TRUE((PathFilter{{"*.json"}, {"a/"}}).Validate().ok());
  EXPECT_THAT((PathFilter{{""}, {}}).Validate().message(), HasSubstr("include: a pattern is empty"));
  EXPECT_THAT((PathFilter{{}, {"/etc/*"}}).Validate().message(),
              HasSubstr("exclude: pattern \"/etc/*\" begins with '/'"));
  EXPECT_THAT((PathFilter{{std::string(1025, 'a')}, {}}).Validate().message(), HasSubstr("1025 bytes"));
  EXPECT_FALSE((PathFilter{std::vector<std::string>(257, "*"), {}}).Validate().ok());
}

}  // namespace
}  // namespace ballast
