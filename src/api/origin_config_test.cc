#include "api/origin_config.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "api/yaml_reader.h"

namespace ballast {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

Result<std::vector<OriginConfig>> Read(const std::string& text) {
  ASSIGN_OR_RETURN(const std::vector<YamlValue> documents, ParseYaml(text, "b.yaml"));
  YamlReader reader(documents.at(0), "b.yaml");
  std::vector<OriginConfig> origins = ReadOrigins(reader);
  RETURN_IF_ERROR(reader.Finish());
  return origins;
}

TEST(OriginConfigTest, ReadsEveryKey) {
  const OriginConfig hub = {.name = "hub",
                            .match = "hf://",
                            .endpoint = "https://mirror.example/api/huggingfaceml/hf-remote",
                            .ca_bundle = "/etc/ca.crt",
                            .proxy = {"http://p:3128", "http://user:pw@p:3128", {".example", "10.0.0.0/8"}},
                            .token_file = "/run/token",
                            .allow_private_addresses = true,
                            .max_connections = 16};
  const OriginConfig folder = {.name = "folder", .match = "file://", .roots = {"/srv/models", "/mnt"}};
  const Result<std::vector<OriginConfig>> origins = Read(R"(
origins:
- name: hub
  match: hf://
  endpoint: https://mirror.example/api/huggingfaceml/hf-remote/
  caBundle: /etc/ca.crt
  proxy: {http: "http://p:3128", https: "http://user:pw@p:3128", noProxy: [.example, 10.0.0.0/8]}
  tokenFile: /run/token
  allowPrivateAddresses: true
  maxConnections: 16
- {name: folder, match: "file://", roots: [/srv/models, /mnt]}
)");
  ASSERT_TRUE(origins.ok()) << origins.status();
  EXPECT_THAT(*origins, ElementsAre(hub, folder));
}

TEST(OriginConfigTest, NoOriginsIsNoError) { EXPECT_TRUE(Read("origins: []\n").value().empty()); }

TEST(OriginConfigTest, EachMistakeIsAnsweredByLineAndRemedy) {
  const std::pair<std::string, std::string_view> cases[] = {
      {"- {match: hf://}", "b.yaml:2: origins[0].name: is missing"},
      {"- {name: hub}", "origins[0].match: is missing"},
      {"- {name: Hub, match: hf://}", "\"Hub\" is not a name"},
      {"- {name: hub, match: s3://}", "must begin with hf://"},
      {"- {name: hub, match: hf://, endpoit: x}", "unknown key \"endpoit\"; did you mean \"endpoint\"?"},
      {"- {name: hub, match: hf://, endpoint: mirror.example}", "not a URL like"},
      {"- {name: hub, match: hf://, endpoint: \"https://\"}", "not a URL like"},
      {"- {name: hub, match: hf://, endpoint: \"https://h/?a=b\"}", "not a URL like"},
      {"- {name: hub, match: hf://, caBundle: ca.crt}", "must be an absolute path"},
      {"- {name: hub, match: hf://, tokenFile: token}", "must be an absolute path"},
      {"- {name: hub, match: hf://, proxy: \"http://p:1\"}", "proxy: must be a mapping"},
      {"- {name: hub, match: hf://, proxy: {https: \"p:1\"}}", "origins[0].proxy.https: \"p:1\" is not a URL"},
      {"- {name: hub, match: hf://, proxy: {https: \"user:hunter2@p:1\"}}", "proxy.https: \"p:1\" is not a URL"},
      {"- {name: hub, match: hf://, proxy: {htps: x}}", "did you mean"},
      {"- {name: hub, match: hf://, maxConnections: 0}", "from 1 to 64"},
      {"- {name: hub, match: hf://, roots: [/x]}", "is for file:// only"},
      {"- {name: f, match: file://}", "origins[0].roots: is missing"},
      {"- {name: f, match: file://, roots: [x]}", "must be an absolute path"},
      {"- {name: f, match: file://, roots: [/x], tokenFile: /t}", "has no meaning for file://"},
      {"- {name: w, match: https://, endpoint: \"https://h\"}", "is for hf:// only"},
      {"- {name: a, match: hf://}\n- {name: a, match: https://}",
       "b.yaml:3: origins[1].name: origin \"a\" occurs twice"},
  };
  for (const auto& [text, says] : cases) {
    EXPECT_THAT(Read("origins:\n" + text + "\n").status().message(), HasSubstr(says)) << text;
  }
}

}  // namespace
}  // namespace ballast
