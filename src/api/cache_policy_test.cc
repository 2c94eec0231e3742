#include "api/cache_policy.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

namespace ballast {
namespace {

using nlohmann::json;
using ::testing::HasSubstr;

Result<CachePolicy> Read(const json& spec) {
  return CachePolicyFromJson({{"apiVersion", "ballast.dev/v1alpha1"},
                              {"kind", "CachePolicy"},
                              {"metadata", {{"name", "default"}}},
                              {"spec", spec}});
}

TEST(CachePolicyTest, OnlyANameIsNeeded) {
  const CachePolicy policy = Read(json::object()).value();
  EXPECT_EQ(policy.spec, CachePolicySpec());
  EXPECT_EQ(policy.spec.disk.high_threshold_percent, 80);
  EXPECT_EQ(policy.spec.eviction.interval, std::chrono::minutes(15));
}

TEST(CachePolicyTest, AmountsMayBeNumbersOrHaveUnits) {
  const CachePolicy policy = Read({{"disk", {{"quota", 1048576}, {"minAvailable", "1Mi"}}}}).value();
  EXPECT_EQ(policy.spec.disk.quota, 1048576U);
  EXPECT_EQ(policy.spec.disk.min_available, 1048576U);
}

TEST(CachePolicyTest, WhatCanNotBeIsRefused) {
  const std::pair<json, std::string_view> cases[] = {
      {{{"disk", {{"highThresholdPercent", 70}}}}, "lowThresholdPercent: must be below highThresholdPercent"},
      {{{"disk", {{"highThresholdPercent", 101}}}}, "must be a whole number from 1 to 100"},
      {{{"eviction", {{"interval", "10ms"}}}}, "spec.eviction.interval: must be at least 1s"},
      {{{"tenants", {{{"quotaPerNode", "1Ti"}}}}}, "spec.tenants[0].namespaceSelector: is missing"},
      {{{"tenants", {{{"namespaceSelector", json::object()}, {"prewarm", "No"}}}}}, "unknown value \"No\""},
  };
  for (const auto& [spec, text] : cases) EXPECT_THAT(Read(spec).status().message(), HasSubstr(text)) << spec;
}

}  // namespace
}  // namespace ballast
