#include "daemon/folder_policy.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "daemon/manifest_folder.h"

namespace ballast {
namespace {

using std::chrono::hours;
using std::chrono::minutes;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

PolicyManifest Policy(const std::string& name, const std::string& spec) {
  const std::string yaml =
      "apiVersion: ballast.dev/v1alpha1\nkind: CachePolicy\nmetadata: {name: " + name + "}\nspec: " + spec + "\n";
  return ParseManifests(yaml, "p.yaml").value().policies.front();
}

ModelCache TeamsCache(const std::string& spec, const std::string& ns = "team") {
  const std::string yaml =
      "apiVersion: ballast.dev/v1alpha1\nkind: ModelCache\nmetadata: {name: own, namespace: " + ns +
      "}\nspec: {source: {uri: \"hf://org/a\"}" + spec + "}\n";
  return ParseManifests(yaml, "c.yaml").value().caches.front();
}

class FolderPolicyTest : public ::testing::Test {
 protected:
  std::string Chosen(const std::vector<PolicyManifest>& policies) {
    problems_.clear();
    const auto chosen = ChoosePolicy(policies, problems_);
    return chosen ? chosen->policy.metadata.name : "none";
  }
  ModelCache Under(const std::string& tenants, const ModelCache& cache) {
    std::vector<ModelCache> caches{cache};
    problems_.clear();
    warnings_.clear();
    ApplyTenants(Policy("p", "{tenants: " + tenants + "}").policy, caches, problems_, warnings_);
    return caches.front();
  }

  std::vector<std::string> problems_;
  std::vector<std::string> warnings_;
};

TEST_F(FolderPolicyTest, TheHighestPriorityGovernsAndEqualsAreAProblem) {
  EXPECT_EQ(Chosen({}), "none");
  EXPECT_EQ(Chosen({Policy("low", "{}"), Policy("high", "{priority: 1}")}), "high");
  EXPECT_THAT(problems_, IsEmpty());
  EXPECT_EQ(Chosen({Policy("b", "{priority: 1}"), Policy("a", "{priority: 1}"), Policy("low", "{}")}), "a");
  ASSERT_EQ(problems_.size(), 1U);
  EXPECT_THAT(problems_[0], HasSubstr("CachePolicy \"b\" and CachePolicy \"a\" have the same priority, 1"));
}

TEST_F(FolderPolicyTest, APolicyForLabelsNeverAppliesAndSaysSoOnce) {
  EXPECT_EQ(Chosen({Policy("gpu", "{priority: 9, nodeSelector: {matchLabels: {pool: gpu}}}"), Policy("default", "{}")}),
            "default");
  EXPECT_THAT(problems_, ElementsAre(HasSubstr("CachePolicy \"gpu\" never applies here")));
  EXPECT_EQ(Chosen({Policy("any", "{nodeSelector: {}}")}), "any");
}

TEST_F(FolderPolicyTest, WhatThePolicyDoesNotSayTheConfigurationSays) {
  DaemonConfig config;
  config.cache.quota = 100;
  config.cache.min_available = 7;
  config.cache.high_threshold_percent = config.cache.low_threshold_percent = 95;
  config.eviction.interval = minutes(3);
  config.limits.origin_bytes_per_second = 50;
  const NodePolicy configured = ConfiguredPolicy(config);
  EXPECT_EQ(PolicyHere(configured, std::nullopt), configured);

  NodePolicy expected = configured;
  expected.name = "p";
  EXPECT_EQ(PolicyHere(configured, Policy("p", "{}")), expected);
  expected.quota_bytes = 200;
  expected.unused_for = hours(1);
  expected.upload = 9;
  EXPECT_EQ(PolicyHere(configured, Policy("p",
                                          "{disk: {quota: 200}, eviction: {unusedFor: 1h}, limits: "
                                          "{uploadBytesPerSecond: 9}}")),
            expected);

  const NodePolicy all =
      PolicyHere(configured, Policy("p",
                                    "{disk: {quota: 0, highThresholdPercent: 90, minAvailable: "
                                    "0}, eviction: {interval: 1m}, limits: {originBytesPerSecond: 0}}"));
  EXPECT_EQ(all.quota_bytes, 0U) << "0 is said, too: no quota";
  EXPECT_EQ(all.min_available_bytes, 0U);
  EXPECT_EQ(all.high_threshold_percent, 90);
  EXPECT_EQ(all.low_threshold_percent, 70) << "the other one of the two is the contract's";
  EXPECT_EQ(all.eviction_interval, minutes(1));
  EXPECT_EQ(all.origin, 0U);
}

TEST_F(FolderPolicyTest, OfOneNodeTheTotalQuotaIsTheQuotaPerNode) {
  const NodePolicy policy =
      PolicyHere({}, Policy("p",
                            "{tenants: [{namespaceSelector: {}, quotaPerNode: 5, quotaTotal: 20}, {namespaceSelector: "
                            "{matchLabels: {kubernetes.io/metadata.name: a}}, quotaTotal: 3}]}"));
  ASSERT_EQ(policy.tenants.size(), 2U);
  EXPECT_EQ(policy.tenants[0], (NodeTenant{.namespaces = {"*"}, .quota_bytes = 5}));
  EXPECT_EQ(policy.tenants[1], (NodeTenant{.namespaces = {"a"}, .quota_bytes = 3}));
}

TEST_F(FolderPolicyTest, ATenantsCachesHaveAtMostItsPriority) {
  const std::string most = "[{namespaceSelector: {}, maxPriority: 5}]";
  EXPECT_EQ(Under(most, TeamsCache(", priority: 9")).spec.priority, 5);
  EXPECT_EQ(Under(most, TeamsCache(", priority: 2")).spec.priority, 2);
  ModelCache platforms = TeamsCache(", priority: 9");
  platforms.cluster_scoped = true;
  EXPECT_EQ(Under(most, platforms).spec.priority, 9);
  const std::string first =
      "[{namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: team}}}, {namespaceSelector: {}, maxPriority: "
      "5}]";
  EXPECT_EQ(Under(first, TeamsCache(", priority: 9")).spec.priority, 9) << "the first that selects it is its own";
  EXPECT_EQ(Under(first, TeamsCache(", priority: 9", "other")).spec.priority, 5);
}

TEST_F(FolderPolicyTest, WhereWarmingIsDeniedModelsComeOnDemandAndAWarningSaysWhy) {
  const std::string denied = "[{namespaceSelector: {}, prewarm: Denied}]";
  EXPECT_FALSE(KeepsWarm(Under(denied, TeamsCache(", nodes: {}"))));
  EXPECT_THAT(warnings_, ElementsAre(HasSubstr("cache \"team/own\" is not kept warm: CachePolicy \"p\"")));
  EXPECT_FALSE(KeepsWarm(Under(denied, TeamsCache(", seeds: {count: 1}"))));
  Under(denied, TeamsCache(""));
  EXPECT_THAT(warnings_, IsEmpty());
}

TEST_F(FolderPolicyTest, ATenantThatSelectsByOtherLabelsIsNobodyHere) {
  Under("[{namespaceSelector: {matchLabels: {tier: gold}}, maxPriority: 5}]", TeamsCache(""));
  EXPECT_THAT(problems_, ElementsAre(HasSubstr("CachePolicy \"p\": tenants[0] is nobody here")));
}

TEST_F(FolderPolicyTest, ATenantsSourcesReplaceTheConfiguredOnesForIt) {
  const NodePolicy policy =
      PolicyHere({}, Policy("p",
                            "{tenants: [{namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: a}}, sources: "
                            "[\"hf://a/*\"]}, {namespaceSelector: {}}]}"));
  const VolumeSources own = SourcesFor("a", policy, {"hf://all/*"});
  EXPECT_THAT(own.patterns, ElementsAre("hf://a/*"));
  EXPECT_THAT(own.said_by, HasSubstr("CachePolicy \"p\" for namespace \"a\""));
  EXPECT_THAT(SourcesFor("b", policy, {"hf://all/*"}).patterns, ElementsAre("hf://all/*"));
}

}  // namespace
}  // namespace ballast
