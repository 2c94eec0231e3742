#include "api/manifests.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "base/strings.h"

namespace ballast {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

constexpr std::string_view kPolicy = "apiVersion: ballast.dev/v1alpha1\nkind: CachePolicy\n";
constexpr std::string_view kCache =
    "apiVersion: ballast.dev/v1alpha1\nkind: ClusterModelCache\nmetadata: {name: x}\nspec: {source: {uri: "
    "\"hf://org/x\"}}\n";

PolicyManifest Policy(const std::string& rest) {
  return ParseManifests(StrCat(kPolicy, "metadata: {name: x}\n", rest), "m.yaml").value().policies.at(0);
}

std::string ErrorOf(const std::string& rest) {
  return ParseManifests(StrCat(kPolicy, rest), "m.yaml").status().message();
}

TEST(ManifestsTest, AFileMayHoldCachesAndPoliciesAndOneNameOfEach) {
  const Manifests both = ParseManifests(StrCat(kCache, "---\n", kPolicy, "metadata: {name: x}\n"), "m.yaml").value();
  EXPECT_THAT(both.caches, SizeIs(1));
  ASSERT_THAT(both.policies, SizeIs(1));
  EXPECT_EQ(both.policies[0].policy.spec, CachePolicySpec());
  EXPECT_THAT(ErrorOf(StrCat("metadata: {name: x}\n---\n", kPolicy, "metadata: {name: x}\n")),
              HasSubstr("m.yaml:5: CachePolicy x occurs twice"));
}

TEST(ManifestsTest, APolicyIsWhatTheOperatorReads) {
  const std::string spec =
      "spec:\n  priority: 3\n  disk: {quota: 6Ti, minAvailable: 100Gi}\n  eviction: {unusedFor: 720h}\n"
      "  limits: {originBytesPerSecond: 1Gi}\n"
      "  tenants: [{namespaceSelector: {}, quotaPerNode: 1Ti, maxPriority: 5, prewarm: Denied, sources: "
      "[\"hf://*\"]}]\n";
  const PolicyManifest read = Policy(spec);
  EXPECT_EQ(CachePolicyFromJson(ToJson(read.policy)).value(), read.policy);
  EXPECT_EQ(read.policy.spec.priority, 3);
  EXPECT_EQ(read.policy.spec.disk.quota, uint64_t{6} << 40);
  EXPECT_EQ(read.policy.spec.tenants.at(0).prewarm, Prewarm::kDenied);
}

TEST(ManifestsTest, WhatAnApiserverAddedIsPassedOver) {
  EXPECT_EQ(Policy("spec: {}\nstatus: {nodes: 3, whatever: [1]}\n").policy.status, CachePolicyStatus());
}

TEST(ManifestsTest, WhatAPolicySaysItselfIsKnown) {
  const auto says = [](const std::string& spec) {
    const PolicyManifest read = Policy("spec: " + spec + "\n");
    return std::pair(read.says_thresholds, read.says_interval);
  };
  EXPECT_EQ(says("{disk: {quota: 1Gi}}"), std::pair(false, false));
  EXPECT_EQ(says("{disk: {highThresholdPercent: 90}}"), std::pair(true, false));
  EXPECT_EQ(says("{disk: {lowThresholdPercent: 60}}"), std::pair(true, false));
  EXPECT_EQ(says("{disk: {lowThresholdPercent: }, eviction: {interval: }}"), std::pair(false, false));
  EXPECT_EQ(says("{eviction: {interval: 15m}}"), std::pair(false, true));
  EXPECT_THAT(Policy("").policy.spec.tenants, IsEmpty());
}

TEST(ManifestsTest, AMistakeInAPolicyNamesItsLineAndWhatIsRight) {
  const std::pair<std::string, std::string> cases[] = {
      {"metadata: {name: x}\nspec: {disk: {qouta: 1Gi}}\n", "m.yaml:4: spec.disk: unknown key \"qouta\"; did you mean"},
      {"metadata: {name: x, namespace: team}\n", "m.yaml:3: metadata.namespace: is for ModelCache only"},
      {"spec: {}\n", "metadata: is missing"},
      {"metadata: {name: x}\nspec: {disk: {quota: lots}}\n", "m.yaml:4: spec.disk.quota: "},
      {"metadata: {name: x}\nspec: {disk: {highThresholdPercent: 60}}\n", "must be below highThresholdPercent"},
      {"metadata: {name: x}\nspec: {eviction: {interval: 10ms}}\n", "must be at least 1s"},
      {"metadata: {name: x}\nspec: {tenants: [{namespaceSelector: {}, sources: [\"org/*\"]}]}\n",
       "\"org/*\" admits nothing; a pattern begins with hf://, file:// or https://"},
  };
  for (const auto& [rest, text] : cases) EXPECT_THAT(ErrorOf(rest), HasSubstr(text)) << rest;
}

}  // namespace
}  // namespace ballast
