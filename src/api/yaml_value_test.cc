#include "api/yaml_value.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/strings.h"

namespace ballast {
namespace {

using ::testing::HasSubstr;

std::string Repeat(std::string_view text, int times) {
  std::string out;
  for (int i = 0; i < times; ++i) out += text;
  return out;
}

std::string ErrorOf(std::string_view text) { return ParseYaml(text, "f.yaml").status().message(); }

TEST(ParseYamlTest, RemembersLinesAndQuotes) {
  const std::vector<YamlValue> documents =
      ParseYaml("# comment\na: 1\nb:\n- \"2\"\n- ~\n---\nc: {d: e}\n", "f").value();
  ASSERT_EQ(documents.size(), 2U);
  const std::vector<YamlEntry>& entries = documents[0].entries;
  ASSERT_EQ(entries.size(), 2U);
  EXPECT_EQ(entries[0].key, "a");
  EXPECT_EQ(entries[0].line, 2);
  EXPECT_FALSE(entries[0].value.quoted);
  ASSERT_EQ(entries[1].value.items.size(), 2U);
  EXPECT_EQ(entries[1].value.items[0].line, 4);
  EXPECT_TRUE(entries[1].value.items[0].quoted);
  EXPECT_EQ(entries[1].value.items[1].kind, YamlValue::Kind::kNull);
  EXPECT_EQ(documents[1].entries[0].value.entries[0].value.text, "e");
  EXPECT_EQ(documents[1].line, 7);
}

TEST(ParseYamlTest, EmptyDocumentsAreLeftOut) {
  EXPECT_TRUE(ParseYaml("", "f").value().empty());
  EXPECT_TRUE(ParseYaml("---\n# nothing\n---\n", "f").value().empty());
}

TEST(ParseYamlTest, AliasesAreWrittenOut) {
  const std::vector<YamlValue> documents = ParseYaml("a: &x [1, 2]\nb: *x\n", "f").value();
  EXPECT_EQ(documents[0].entries[1].value.items.size(), 2U);
}

TEST(ParseYamlTest, RefusesWithFileAndLine) {
  EXPECT_THAT(ErrorOf("a: 1\nb: [1\n"), HasSubstr("f.yaml:3: "));
  EXPECT_EQ(ErrorOf("a: 1\nb: 2\na: 3\n"), "f.yaml:3: key \"a\" occurs twice");
  EXPECT_THAT(ErrorOf("a: 1\n? [x]\n: 2\n"), HasSubstr("f.yaml:2: a key that is not a plain word"));
  EXPECT_THAT(ErrorOf("a: !!binary aGk=\n"), HasSubstr("f.yaml:1: tags are not supported"));
  EXPECT_THAT(ErrorOf("a: &x [*x]\n"), HasSubstr("inside its own anchor"));
  EXPECT_THAT(ErrorOf("a: *nobody\n"), HasSubstr("f.yaml:1: "));
  EXPECT_THAT(ErrorOf("a: \xff\n"), HasSubstr("not UTF-8"));
  EXPECT_EQ(ErrorOf("a: \"\\\x1b\"\n"), "f.yaml:1: unknown escape character: ?");
}

TEST(ParseYamlTest, BombsAreRefused) {
  std::string values = "a0: &a0 [x,x,x,x,x,x,x,x,x,x]\n";
  for (int i = 1; i < 12; ++i) {
    const std::string alias = StrCat("*a", i - 1);
    values += StrCat("a", i, ": &a", i, " [", alias, Repeat("," + alias, 9), "]\n");
  }
  EXPECT_THAT(ErrorOf(values), HasSubstr("more than 100000 values"));

  const std::string text = "a: &a " + std::string(100'000, 'x') + "\nb: [*a" + Repeat(",*a", 1000) + "]\n";
  EXPECT_THAT(ErrorOf(text), HasSubstr("too much text"));

  std::string depth = "a0: &a0 " + Repeat("[", 40) + Repeat("]", 40) + "\n";
  for (int i = 1; i < 100; ++i)
    depth += StrCat("a", i, ": &a", i, " ", Repeat("[", 40), "*a", i - 1, Repeat("]", 40), "\n");
  EXPECT_THAT(ErrorOf(depth), HasSubstr("nested more than 64 deep"));
}

TEST(ParseYamlTest, DepthAndSizeAreBounded) {
  EXPECT_THAT(ErrorOf(Repeat("[", 100'000)), HasSubstr("deep"));
  EXPECT_THAT(ErrorOf(Repeat("{a: ", 100'000)), HasSubstr("f.yaml:1: "));
  EXPECT_THAT(ErrorOf(Repeat("- ", 100'000)), HasSubstr("deep"));
  EXPECT_THAT(ErrorOf(std::string(kMaxYamlBytes + 1, ' ')), HasSubstr("at most 1.0 MiB"));
  EXPECT_TRUE(ParseYaml("a: " + Repeat("[", 60) + Repeat("]", 60), "f").ok());
}

}  // namespace
}  // namespace ballast
