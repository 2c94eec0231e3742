#include "api/cache_node.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "api/testing/example.h"

namespace ballast {
namespace {

using nlohmann::json;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

TEST(CacheNodeTest, SaysWhoMayMountWhat) {
  const CacheNode node = CacheNodeFromJson(json::parse(kCacheNodeJson)).value();
  const CacheEntry& entry = node.spec.caches.at(0);
  EXPECT_EQ(entry.cache, "serving/llama");
  EXPECT_THAT(entry.namespaces, ElementsAre("serving"));
  EXPECT_TRUE(entry.pinned);
  EXPECT_THAT(entry.filter.include, ElementsAre("*.json"));
  EXPECT_EQ(entry.domain, "");
  EXPECT_EQ(node.spec.policy.tenants.at(0).namespaces, std::vector<std::string>{"*"});
  EXPECT_EQ(node.status.caches.at(0).phase, CachePhase::kReady);
}

TEST(CacheNodeTest, WithoutNamespacesNobodyMayMountIt) {
  json object = json::parse(kCacheNodeJson);
  object["spec"]["caches"][0].erase("namespaces");
  EXPECT_THAT(CacheNodeFromJson(object).value().spec.caches.at(0).namespaces, IsEmpty());
}

TEST(CacheNodeTest, AManifestIsADigest) {
  json object = json::parse(kCacheNodeJson);
  object["spec"]["caches"][0]["manifest"] = "sha256:../../x";
  EXPECT_THAT(CacheNodeFromJson(object).status().message(), HasSubstr("CacheNode n1: spec.caches[0].manifest: "));
}

}  // namespace
}  // namespace ballast
