#include "api/yaml_reader.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace ballast {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Pair;

struct Config {
  std::string name = "default";
  std::string mode;
  std::vector<std::string> tags;
  bool on = false;
  int32_t count = 3;
  uint64_t quota = 0;
  std::chrono::milliseconds wait{0};
  std::string inner;
  std::vector<std::string> ids;
  std::vector<std::pair<std::string, std::string>> labels;
};

Status ReadConfig(const std::string& text, Config& config) {
  ASSIGN_OR_RETURN(const std::vector<YamlValue> documents, ParseYaml(text, "c.yaml"));
  YamlReader reader(documents.at(0), "c.yaml");
  reader.String("name", config.name);
  reader.Choice("mode", {"Fast", "Slow"}, config.mode);
  reader.Strings("tags", config.tags);
  reader.Bool("on", config.on);
  reader.Int("count", 1, 10, config.count);
  reader.Bytes("quota", config.quota);
  reader.Duration("wait", config.wait);
  reader.Object("inner", [&](YamlReader& inner) {
    inner.Require("text");
    inner.String("text", config.inner);
  });
  reader.Objects("items", [&](YamlReader& item) {
    item.Require("id");
    item.String("id", config.ids.emplace_back());
  });
  reader.StringMap("labels", config.labels);
  return reader.Finish();
}

std::string ErrorOf(const std::string& text) {
  Config config;
  return ReadConfig(text, config).message();
}

TEST(YamlReaderTest, SetsWhatIsThere) {
  Config config;
  ASSERT_EQ(ReadConfig("name: a\nmode: Fast\ntags: [x, \"1\"]\non: true\ncount: 7\nquota: 500Gi\nwait: 1h30m\n"
                       "inner: {text: t}\nitems:\n- id: i\n- id: j\nlabels: {k: v}\n",
                       config),
            OkStatus());
  EXPECT_EQ(config.name, "a");
  EXPECT_EQ(config.mode, "Fast");
  EXPECT_THAT(config.tags, ElementsAre("x", "1"));
  EXPECT_TRUE(config.on);
  EXPECT_EQ(config.count, 7);
  EXPECT_EQ(config.quota, uint64_t{500} << 30);
  EXPECT_EQ(config.wait, std::chrono::minutes(90));
  EXPECT_EQ(config.inner, "t");
  EXPECT_THAT(config.ids, ElementsAre("i", "j"));
  EXPECT_THAT(config.labels, ElementsAre(Pair("k", "v")));
}

TEST(YamlReaderTest, AbsentAndEmptyKeysKeepTheDefault) {
  Config config;
  ASSERT_EQ(ReadConfig("name:\ninner: ~\n", config), OkStatus());
  EXPECT_EQ(config.name, "default");
  EXPECT_EQ(config.count, 3);
}

TEST(YamlReaderTest, AnUnknownKeyIsAnsweredWithTheNearest) {
  EXPECT_EQ(ErrorOf("name: a\nquoto: 1Gi\n"), "c.yaml:2: unknown key \"quoto\"; did you mean \"quota\"?");
  EXPECT_EQ(ErrorOf("inner:\n  text: a\n  texte: b\n"),
            "c.yaml:3: inner: unknown key \"texte\"; did you mean \"text\"?");
  EXPECT_THAT(ErrorOf("completely_different: 1\n"), HasSubstr("valid: name, mode, tags"));
}

TEST(YamlReaderTest, AnUnknownKeyOutranksTheMissingOneThatItWasMeantToBe) {
  EXPECT_THAT(ErrorOf("inner:\n  txt: a\n"), HasSubstr("unknown key \"txt\"; did you mean \"text\"?"));
}

TEST(YamlReaderTest, ErrorsNameFileLineAndPath) {
  EXPECT_EQ(ErrorOf("items:\n- id: a\n- {}\n"), "c.yaml:3: items[1].id: is missing");
  EXPECT_EQ(ErrorOf("name: [a]\n"), "c.yaml:1: name: must be a string, not a list");
  EXPECT_EQ(ErrorOf("name: {}\n"), "c.yaml:1: name: must be a string, not a mapping");
  EXPECT_EQ(ErrorOf("\ninner: x\n"), "c.yaml:2: inner: must be a mapping, not a single value");
  EXPECT_EQ(ErrorOf("items: [x]\n"), "c.yaml:1: items[0]: a mapping (key: value) is needed here, not a single value");
  EXPECT_EQ(ErrorOf("tags: [a, [b]]\n"), "c.yaml:1: tags[1]: must be a string, not a list");
  EXPECT_EQ(ErrorOf("tags: a\n"), "c.yaml:1: tags: must be a list of strings, not a single value");
  EXPECT_EQ(ErrorOf("mode: fast\n"), "c.yaml:1: mode: unknown value \"fast\"; did you mean \"Fast\"?");
  EXPECT_EQ(ErrorOf("labels: {a: [b]}\n"), "c.yaml:1: labels.a: must be a string, not a list");
  EXPECT_EQ(ErrorOf("just text\n"), "c.yaml:1: a mapping (key: value) is needed here, not a single value");
}

TEST(YamlReaderTest, NumbersBooleansAndStringsAreToldApart) {
  for (const char* text : {"1.0", "12", "1e5", "-3", "0x1f", "true", "no", "On", ".5"}) {
    EXPECT_THAT(ErrorOf(std::string("name: ") + text), HasSubstr("put it in quotes: \"" + std::string(text) + "\""))
        << text;
    EXPECT_EQ(ErrorOf(std::string("name: '") + text + "'"), "") << text;
  }
  for (const char* text : {"v1.0", "1.0.0", "2024-01-01", "...x", "0e9e39f2x", "inf", "nan"}) {
    EXPECT_EQ(ErrorOf(std::string("name: ") + text), "") << text;
  }
  EXPECT_THAT(ErrorOf("on: yes"), HasSubstr("must be true or false, not \"yes\""));
  EXPECT_THAT(ErrorOf("on: 'true'"), HasSubstr("must be true or false"));
  EXPECT_THAT(ErrorOf("count: 11"), HasSubstr("must be a whole number from 1 to 10, not \"11\""));
  EXPECT_THAT(ErrorOf("count: 1.5"), HasSubstr("must be a whole number"));
  EXPECT_THAT(ErrorOf("count: '3'"), HasSubstr("must be a whole number"));
  EXPECT_THAT(ErrorOf("quota: 5GB"), HasSubstr("write it like 500Gi"));
  EXPECT_THAT(ErrorOf("wait: 3 days"), HasSubstr("write it like 720h"));
}

}  // namespace
}  // namespace ballast
