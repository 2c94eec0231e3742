#include "origin/environment.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <map>

namespace ballast {
namespace {

using testing::ElementsAre;

OriginConfig From(std::map<std::string, std::string> variables) {
  return FromEnvironment([variables = std::move(variables)](const std::string& name) {
    const auto found = variables.find(name);
    return found == variables.end() ? "" : found->second;
  });
}

std::string TokenHome() {
  std::string home = testing::TempDir() + "hf_home";
  std::filesystem::create_directories(home);
  std::ofstream(home + "/token") << "hf_secret\n";
  return home;
}

TEST(FromEnvironmentTest, EmptyMeansThePublicHubWithoutAToken) {
  const OriginConfig config = From({{"HOME", "/nonexistent"}});
  EXPECT_EQ(config, (OriginConfig{.name = "hub", .match = "hf://"}));
}

TEST(FromEnvironmentTest, TheEndpointMayBePrivateBecauseTheUserNamedIt) {
  const OriginConfig config = From({{"HF_ENDPOINT", "http://10.0.0.1:8080/hf/ "}});
  EXPECT_EQ(config.endpoint, "http://10.0.0.1:8080/hf");
  EXPECT_TRUE(config.allow_private_addresses);
}

TEST(FromEnvironmentTest, ATokenInAVariableWinsOverAFile) {
  const OriginConfig config = From({{"HF_TOKEN", " hf_value\n"}, {"HF_HOME", TokenHome()}});
  EXPECT_EQ(config.token, "hf_value");
  EXPECT_EQ(config.token_file, "");
  EXPECT_EQ(From({{"HUGGING_FACE_HUB_TOKEN", "old"}}).token, "old");
}

TEST(FromEnvironmentTest, FindsTheTokenFileOfALogin) {
  const std::string home = TokenHome();
  EXPECT_EQ(From({{"HF_HOME", home}}).token_file, home + "/token");
  EXPECT_EQ(From({{"HF_TOKEN_PATH", home + "/token"}, {"HF_HOME", "/nonexistent"}}).token_file, home + "/token");
  std::filesystem::create_directories(home + "/cache/huggingface");
  std::ofstream(home + "/cache/huggingface/token") << "x";
  EXPECT_EQ(From({{"XDG_CACHE_HOME", home + "/cache"}}).token_file, home + "/cache/huggingface/token");
  EXPECT_EQ(From({{"HF_HOME", "/nonexistent"}}).token_file, "");
}

TEST(FromEnvironmentTest, ObeysProxiesAndPrivateCas) {
  const OriginConfig config = From({{"HTTPS_PROXY", "proxy:3128"},
                                    {"all_proxy", "http://other:1"},
                                    {"NO_PROXY", "localhost, .example,,10.0.0.0/8"},
                                    {"REQUESTS_CA_BUNDLE", "/etc/corp.pem"}});
  EXPECT_EQ(config.proxy.https, "http://proxy:3128");
  EXPECT_EQ(config.proxy.http, "http://other:1");
  EXPECT_THAT(config.proxy.no_proxy, ElementsAre("localhost", ".example", "10.0.0.0/8"));
  EXPECT_EQ(config.ca_bundle, "/etc/corp.pem");
}

}  // namespace
}  // namespace ballast
