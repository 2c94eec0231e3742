#include "kube/testing/kube_conformance.h"

namespace ballast {

TEST_P(KubeConformanceTest, CreatingTwiceIsAlreadyExists) {
  CreateConfigMap("a");
  const Status twice = client().Create(kConfigMaps, MakeConfigMap(Named("a"), {{"x", "y"}}), {}).status();
  EXPECT_EQ(twice.code(), StatusCode::kAlreadyExists) << twice;
  EXPECT_EQ(StringAt(Get(kConfigMaps, "a"), "/data/a"), "1");
}

TEST_P(KubeConformanceTest, GenerateNameMakesNamesThatDiffer) {
  Json object = MakeConfigMap(Named(""), {{"a", "1"}});
  object["metadata"].erase("name");
  object["metadata"]["generateName"] = "some-";
  const std::string one = NameOf(Create(kConfigMaps, object)).name;
  const std::string two = NameOf(Create(kConfigMaps, object)).name;
  EXPECT_TRUE(one.starts_with("some-") && one.size() > 5) << one;
  EXPECT_NE(one, two);
}

TEST_P(KubeConformanceTest, WhatTheSchemaForbidsIsInvalid) {
  const auto code = [&](const Json& object) { return client().Create(kWidgets, object, {}).status().code(); };
  EXPECT_EQ(code(MakeWidget(Named("UPPER"), {{"size", 1}})), StatusCode::kInvalidArgument);
  EXPECT_EQ(code(MakeWidget(Named("big"), {{"size", 101}})), StatusCode::kInvalidArgument);
  EXPECT_EQ(code(MakeConfigMap(Named("other-kind"), {{"a", "1"}})), StatusCode::kInvalidArgument);
}

TEST_P(KubeConformanceTest, WhatAValidationRuleForbidsIsInvalidWithItsText) {
  CreateWidget("a", {{"size", 1}, {"color", "red"}});
  const auto changed = client().Patch(kWidgets, Named("a"), {{"spec", {{"color", "blue"}}}}, Subresource::kNone, {});
  EXPECT_EQ(changed.status().code(), StatusCode::kInvalidArgument);
  EXPECT_NE(changed.status().message().find("color is immutable"), std::string::npos) << changed.status();
}

TEST_P(KubeConformanceTest, AnUpdateReplacesTheObject) {
  Json object = CreateConfigMap("a", {{"a", "1"}, {"b", "2"}});
  const std::string before = ResourceVersionOf(object);
  object["data"] = {{"c", "3"}};
  const auto updated = client().Update(kConfigMaps, object, {});
  ASSERT_TRUE(updated.ok()) << updated.status();
  EXPECT_EQ(updated->at("data"), Json({{"c", "3"}}));
  EXPECT_NE(ResourceVersionOf(*updated), before);
  EXPECT_EQ(UidOf(*updated), UidOf(object));
  EXPECT_EQ(Get(kConfigMaps, "a"), *updated);
}

TEST_P(KubeConformanceTest, AnUpdateOfWhatChangedMeanwhileIsAborted) {
  Json stale = CreateConfigMap("a");
  Patch(kConfigMaps, "a", {{"data", {{"a", "2"}}}});
  stale["data"]["a"] = "3";
  EXPECT_EQ(client().Update(kConfigMaps, stale, {}).status().code(), StatusCode::kAborted);
  EXPECT_EQ(StringAt(Get(kConfigMaps, "a"), "/data/a"), "2");
}

TEST_P(KubeConformanceTest, AnUpdateThatWasNeverReadIsRefused) {
  CreateConfigMap("a");
  EXPECT_EQ(client().Update(kConfigMaps, MakeConfigMap(Named("a"), {}), {}).status().code(),
            StatusCode::kInvalidArgument);
}

TEST_P(KubeConformanceTest, AWriteThatChangesNothingIsNoChange) {
  const Json widget = CreateWidget("a");
  const auto updated = client().Update(kWidgets, widget, {});
  ASSERT_TRUE(updated.ok()) << updated.status();
  EXPECT_EQ(ResourceVersionOf(*updated), ResourceVersionOf(widget));
  EXPECT_EQ(ResourceVersionOf(Patch(kWidgets, "a", {{"spec", {{"size", 1}}}})), ResourceVersionOf(widget));
}

TEST_P(KubeConformanceTest, APatchMergesAndNullRemoves) {
  CreateConfigMap("a", {{"a", "1"}, {"b", "2"}});
  const Json patched = Patch(kConfigMaps, "a", {{"data", {{"a", nullptr}, {"c", "3"}}}});
  EXPECT_EQ(patched.at("data"), Json({{"b", "2"}, {"c", "3"}}));
}

TEST_P(KubeConformanceTest, APatchOfAnotherVersionIsAborted) {
  const std::string old = ResourceVersionOf(CreateWidget("a"));
  Patch(kWidgets, "a", {{"spec", {{"size", 2}}}});
  const Json fenced = {{"metadata", {{"resourceVersion", old}}}, {"status", {{"phase", "Late"}}}};
  EXPECT_EQ(client().Patch(kWidgets, Named("a"), fenced, Subresource::kStatus, {}).status().code(),
            StatusCode::kAborted);
}

TEST_P(KubeConformanceTest, OnlyASpecThatChangesIsANewGeneration) {
  EXPECT_EQ(GenerationOf(CreateWidget("a")), 1);
  EXPECT_EQ(GenerationOf(Patch(kWidgets, "a", {{"spec", {{"size", 2}}}})), 2);
  EXPECT_EQ(GenerationOf(Patch(kWidgets, "a", {{"metadata", {{"labels", {{"x", "y"}}}}}})), 2);
  EXPECT_EQ(GenerationOf(Patch(kWidgets, "a", {{"status", {{"phase", "Ready"}}}}, Subresource::kStatus)), 2);
}

TEST_P(KubeConformanceTest, StatusAndTheRestAreWrittenApart) {
  Json with_status = MakeWidget(Named("a"), {{"size", 1}});
  with_status["status"] = {{"phase", "Invented"}};
  EXPECT_FALSE(Create(kWidgets, with_status).contains("status"));
  const Json both = {{"spec", {{"size", 7}}}, {"status", {{"phase", "Ready"}}}};
  Json widget = Patch(kWidgets, "a", both, Subresource::kStatus);
  EXPECT_EQ(StringAt(widget, "/status/phase"), "Ready");
  EXPECT_EQ(IntAt(widget, "/spec/size"), 1);
  widget["status"]["phase"] = "Changed";
  widget["spec"]["size"] = 5;
  const auto updated = client().Update(kWidgets, widget, {});
  ASSERT_TRUE(updated.ok()) << updated.status();
  EXPECT_EQ(StringAt(*updated, "/status/phase"), "Ready");
  EXPECT_EQ(IntAt(*updated, "/spec/size"), 5);
}

TEST_P(KubeConformanceTest, ATypeWithoutStatusHasNoStatusToPatch) {
  CreateConfigMap("a");
  EXPECT_EQ(
      client().Patch(kConfigMaps, Named("a"), {{"status", {{"x", "y"}}}}, Subresource::kStatus, {}).status().code(),
      StatusCode::kNotFound);
}

TEST_P(KubeConformanceTest, ADeletedObjectIsNotFound) {
  CreateConfigMap("a");
  EXPECT_EQ(client().Delete(kConfigMaps, Named("a"), {}, {}), OkStatus());
  EXPECT_EQ(CodeOfGet(kConfigMaps, "a"), StatusCode::kNotFound);
  EXPECT_EQ(client().Delete(kConfigMaps, Named("a"), {}, {}).code(), StatusCode::kNotFound);
}

TEST_P(KubeConformanceTest, ADeletionSparesWhatIsNotMeant) {
  const Json first = CreateConfigMap("a");
  Patch(kConfigMaps, "a", {{"data", {{"a", "2"}}}});
  const auto code = [&](const Preconditions& preconditions) {
    return client().Delete(kConfigMaps, Named("a"), preconditions, {}).code();
  };
  EXPECT_EQ(code({.uid = "another"}), StatusCode::kAborted);
  EXPECT_EQ(code({.resource_version = ResourceVersionOf(first)}), StatusCode::kAborted);
  EXPECT_EQ(code({.uid = UidOf(first)}), StatusCode::kOk);
}

TEST_P(KubeConformanceTest, AFinalizerHoldsUpTheDeletion) {
  Json widget = MakeWidget(Named("a"), {{"size", 1}});
  widget["metadata"]["finalizers"] = {"ballast.dev/one", "ballast.dev/two"};
  Create(kWidgets, widget);
  EXPECT_EQ(client().Delete(kWidgets, Named("a"), {}, {}), OkStatus());
  widget = Get(kWidgets, "a");
  EXPECT_TRUE(IsBeingDeleted(widget));
  EXPECT_EQ(GenerationOf(widget), 2);
  EXPECT_EQ(client().Delete(kWidgets, Named("a"), {}, {}), OkStatus()) << "twice is no mistake";

  widget["metadata"]["finalizers"] = {"ballast.dev/one", "ballast.dev/two", "ballast.dev/new"};
  EXPECT_EQ(client().Update(kWidgets, widget, {}).status().code(), StatusCode::kInvalidArgument);
  EXPECT_TRUE(IsBeingDeleted(Patch(kWidgets, "a", {{"metadata", {{"finalizers", {"ballast.dev/two"}}}}})));
  Patch(kWidgets, "a", {{"metadata", {{"finalizers", nullptr}}}});
  EXPECT_EQ(CodeOfGet(kWidgets, "a"), StatusCode::kNotFound);
}

}  // namespace ballast
