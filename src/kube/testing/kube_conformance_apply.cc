#include "kube/testing/kube_conformance.h"

namespace ballast {

TEST_P(KubeConformanceTest, ApplyCreatesWhatIsMissing) {
  const auto applied = Apply(MakeConfigMap(Named("a"), {{"a", "1"}}), "one");
  ASSERT_TRUE(applied.ok()) << applied.status();
  EXPECT_EQ(Get(kConfigMaps, "a"), *applied);
}

TEST_P(KubeConformanceTest, ApplyingTheSameAgainIsNoChange) {
  const auto first = Apply(MakeConfigMap(Named("a"), {{"a", "1"}}), "one");
  const auto second = Apply(MakeConfigMap(Named("a"), {{"a", "1"}}), "one");
  ASSERT_TRUE(first.ok() && second.ok()) << second.status();
  EXPECT_EQ(ResourceVersionOf(*first), ResourceVersionOf(*second));
}

TEST_P(KubeConformanceTest, ApplyRemovesOnlyWhatItsManagerNoLongerApplies) {
  ASSERT_TRUE(Apply(MakeConfigMap(Named("a"), {{"a", "1"}, {"b", "2"}}), "one").ok());
  ASSERT_TRUE(Apply(MakeConfigMap(Named("a"), {{"c", "3"}}), "two").ok());
  ASSERT_TRUE(Apply(MakeConfigMap(Named("a"), {{"a", "9"}}), "one").ok());
  EXPECT_EQ(Get(kConfigMaps, "a").at("data"), Json({{"a", "9"}, {"c", "3"}}));
}

TEST_P(KubeConformanceTest, AFieldOfAnotherManagerIsAConflictThatNamesBoth) {
  ASSERT_TRUE(Apply(MakeConfigMap(Named("a"), {{"a", "1"}}), "one").ok());
  const Status conflict = Apply(MakeConfigMap(Named("a"), {{"a", "2"}}), "two").status();
  EXPECT_EQ(conflict.code(), StatusCode::kFailedPrecondition) << conflict;
  EXPECT_NE(conflict.message().find("\"one\""), std::string::npos) << conflict;
  EXPECT_EQ(StringAt(Get(kConfigMaps, "a"), "/data/a"), "1");
}

TEST_P(KubeConformanceTest, TwoManagersMayWantTheSameValue) {
  ASSERT_TRUE(Apply(MakeConfigMap(Named("a"), {{"a", "1"}, {"b", "2"}}), "one").ok());
  ASSERT_TRUE(Apply(MakeConfigMap(Named("a"), {{"a", "1"}}), "two").ok());
  ASSERT_TRUE(Apply(MakeConfigMap(Named("a"), {{"b", "2"}}), "one").ok());
  EXPECT_EQ(Get(kConfigMaps, "a").at("data"), Json({{"a", "1"}, {"b", "2"}})) << "the other still wants it";
}

TEST_P(KubeConformanceTest, WhatSomebodyEditedIsAConflictToo) {
  ASSERT_TRUE(Apply(MakeConfigMap(Named("a"), {{"a", "1"}}), "one").ok());
  Patch(kConfigMaps, "a", {{"data", {{"a", "2"}}}});
  EXPECT_EQ(Apply(MakeConfigMap(Named("a"), {{"a", "1"}}), "one").status().code(), StatusCode::kFailedPrecondition);
}

TEST_P(KubeConformanceTest, ApplyToAnotherObjectOrVersionIsAborted) {
  const auto first = Apply(MakeConfigMap(Named("a"), {{"a", "1"}}), "one");
  ASSERT_TRUE(first.ok()) << first.status();
  Patch(kConfigMaps, "a", {{"data", {{"b", "2"}}}});
  const auto apply = [&](const Json& wanted) { return Apply(wanted, "one").status(); };
  Json object = MakeConfigMap(Named("a"), {{"a", "3"}});
  object["metadata"]["resourceVersion"] = ResourceVersionOf(*first);
  EXPECT_EQ(apply(object).code(), StatusCode::kAborted) << apply(object);
  object = MakeConfigMap(Named("a"), {{"a", "3"}});
  object["metadata"]["uid"] = "6a1f3a60-0000-4000-8000-000000000000";
  EXPECT_EQ(apply(object).code(), StatusCode::kAborted) << apply(object);
  object["metadata"]["name"] = "gone";
  EXPECT_EQ(apply(object).code(), StatusCode::kAborted) << apply(object);
  EXPECT_EQ(CodeOfGet(kConfigMaps, "gone"), StatusCode::kNotFound);
}

TEST_P(KubeConformanceTest, FinalizersOfTwoManagersStandBesideEachOther) {
  Json object = MakeConfigMap(Named("a"), {{"a", "1"}});
  object["metadata"]["finalizers"] = {"ballast.dev/one"};
  ASSERT_TRUE(Apply(object, "one").ok());
  object = MakeConfigMap(Named("a"), {{"b", "2"}});
  object["metadata"]["finalizers"] = {"ballast.dev/two"};
  const auto both = Apply(object, "two");
  ASSERT_TRUE(both.ok()) << both.status();
  EXPECT_EQ(ChildAt(*both, "/metadata/finalizers").size(), 2U);
  Patch(kConfigMaps, "a", {{"metadata", {{"finalizers", nullptr}}}});
}

}  // namespace ballast
