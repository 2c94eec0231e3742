#include "api/object_codec.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "api/cache_node.h"
#include "api/cache_policy.h"
#include "api/manifests.h"
#include "api/testing/example.h"

namespace ballast {
namespace {

using nlohmann::json;
using ::testing::HasSubstr;

TEST(ObjectCodecTest, WhatIsReadIsWrittenAndReadAgainAsTheSame) {
  const ModelCache cache = ModelCacheFromJson(json::parse(kModelCacheJson)).value();
  EXPECT_EQ(ModelCacheFromJson(ToJson(cache)).value(), cache);
  const CachePolicy policy = CachePolicyFromJson(json::parse(kCachePolicyJson)).value();
  EXPECT_EQ(CachePolicyFromJson(ToJson(policy)).value(), policy);
  const CacheNode node = CacheNodeFromJson(json::parse(kCacheNodeJson)).value();
  EXPECT_EQ(CacheNodeFromJson(ToJson(node)).value(), node);
}

TEST(ObjectCodecTest, WhatIsRequiredIsWrittenEvenWhereItIsEmpty) {
  json object = json::parse(kCachePolicyJson);
  object["spec"]["tenants"][0]["namespaceSelector"] = json::object();
  object["status"]["pendingEvictions"]["nodes"][0]["node"] = "";
  const json written = ToJson(CachePolicyFromJson(object).value());
  EXPECT_EQ(written["spec"]["tenants"][0]["namespaceSelector"], json::object());
  EXPECT_EQ(written["status"]["pendingEvictions"]["nodes"][0]["node"], "");
}

TEST(ObjectCodecTest, ReadsSpecStatusAndMetadata) {
  const ModelCache cache = ModelCacheFromJson(json::parse(kModelCacheJson)).value();
  EXPECT_FALSE(cache.cluster_scoped);
  EXPECT_EQ(cache.metadata.resource_version, "12");
  EXPECT_EQ(FormatTimestamp(cache.metadata.creation_timestamp.value()), "2026-01-01T00:00:00Z");
  EXPECT_EQ(cache.metadata.owner_references.at(0).controller, true);
  EXPECT_EQ(cache.spec.gc.cluster_quota, (uint64_t{3} << 40) / 2);
  EXPECT_EQ(cache.status.nodes.ready, 38);
  EXPECT_EQ(FindCondition(cache.status.conditions, ConditionType::kReady)->status, ConditionStatus::kTrue);
}

TEST(ObjectCodecTest, WhatANewerProgramWroteIsPassedOver) {
  json object = json::parse(kCacheNodeJson);
  object["spec"]["caches"][0]["later"] = 1;
  object["later"] = json::object();
  EXPECT_EQ(CacheNodeFromJson(object).value(), CacheNodeFromJson(json::parse(kCacheNodeJson)).value());
}

TEST(ObjectCodecTest, AMistakeIsNamedByObjectAndField) {
  json object = json::parse(kModelCacheJson);
  object["spec"]["gc"]["unusedFor"] = "30d";
  EXPECT_EQ(ModelCacheFromJson(object).status().message(),
            "ModelCache serving/llama: spec.gc.unusedFor: \"30d\" is not a duration; write it like 720h, 15m, 1h30m or "
            "500ms");
  object["metadata"]["name"] = "a\nb";
  EXPECT_THAT(ModelCacheFromJson(object).status().message(), HasSubstr("ModelCache serving/\"a\\nb\": "));
  EXPECT_THAT(ModelCacheFromJson(json::parse(kCacheNodeJson)).status().message(),
              HasSubstr("kind: unknown value \"CacheNode\"; valid: ClusterModelCache, ModelCache"));
}

TEST(ObjectCodecTest, WhatIsNoObjectIsRefused) {
  for (const char* text : {"null", "[]", "1", "\"a\"", "{}", R"({"metadata": 1, "kind": 2})"}) {
    EXPECT_EQ(CachePolicyFromJson(json::parse(text)).status().code(), StatusCode::kInvalidArgument) << text;
  }
  json deep = 1;
  for (int i = 0; i < 1000; ++i) deep = json::array({deep});
  EXPECT_EQ(CachePolicyFromJson(deep).status().message(), "the object is nested more than 64 deep");
}

TEST(ObjectCodecTest, TheJsonOfACacheIsAManifestToo) {
  ModelCache cache = ModelCacheFromJson(json::parse(kModelCacheJson)).value();
  const std::string text = ToJson(cache).dump(2);
  cache.status = {};  // of a manifest it is not read
  EXPECT_EQ(ParseManifests(text, "m.json").value(), (Manifests{.caches = {cache}}));
}

}  // namespace
}  // namespace ballast
