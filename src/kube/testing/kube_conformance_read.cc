#include <algorithm>
#include <iterator>
#include <set>

#include "kube/testing/kube_conformance.h"

namespace ballast {

TEST_P(KubeConformanceTest, AnObjectIsReadAsItWasStored) {
  const Json created = CreateConfigMap("a", {{"key", "värde \"\\ \n"}});
  EXPECT_EQ(StringAt(created, "/apiVersion"), "v1");
  EXPECT_EQ(StringAt(created, "/kind"), "ConfigMap");
  EXPECT_EQ(NameOf(created), Named("a"));
  EXPECT_FALSE(UidOf(created).empty());
  EXPECT_FALSE(ResourceVersionOf(created).empty());
  EXPECT_FALSE(StringAt(created, "/metadata/creationTimestamp").empty());
  EXPECT_EQ(StringAt(created, "/data/key"), "värde \"\\ \n");
  EXPECT_EQ(Get(kConfigMaps, "a"), created);
}

TEST_P(KubeConformanceTest, AnUnknownObjectOrTypeIsNotFound) {
  const Status object = client().Get(kConfigMaps, Named("nowhere"), {}).status();
  EXPECT_EQ(object.code(), StatusCode::kNotFound);
  EXPECT_NE(object.message().find("configmaps \"nowhere\" not found"), std::string::npos) << object;
  const KubeResource unknown{"test.ballast.dev", "v1", "nothings", true};
  EXPECT_EQ(client().Get(unknown, Named("a"), {}).status().code(), StatusCode::kNotFound);
  EXPECT_EQ(client().List(unknown, {.ns = ns_}, {}).status().code(), StatusCode::kNotFound);
}

TEST_P(KubeConformanceTest, ANameThatLeadsElsewhereIsRefused) {
  for (const ObjectName& name : {ObjectName{ns_, ""}, {"", "a"}, {ns_, ".."}, {"..", "a"}}) {
    EXPECT_EQ(client().Get(kConfigMaps, name, {}).status().code(), StatusCode::kInvalidArgument) << name;
  }
  EXPECT_EQ(client().Get(kConfigMaps, Named("a/../b?c#d e"), {}).status().code(), StatusCode::kNotFound);
}

TEST_P(KubeConformanceTest, AListComesInPagesOfOneResourceVersion) {
  for (const char* name : {"a", "b", "c", "d", "e"}) CreateWidget(name);
  ListRequest request{.ns = ns_, .limit = 2};
  std::vector<std::string> names;
  std::set<std::string> versions;
  int pages = 0;
  do {
    const auto page = client().List(kWidgets, request, {});
    ASSERT_TRUE(page.ok()) << page.status();
    EXPECT_LE(page->items.size(), 2U);
    for (const Json& item : page->items) names.push_back(NameOf(item).name);
    versions.insert(page->resource_version);
    request.continue_from = page->continue_from;
    if (pages == 0) CreateWidget("late");
    ++pages;
  } while (!request.continue_from.empty());
  EXPECT_EQ(pages, 3);
  EXPECT_EQ(names, (std::vector<std::string>{"a", "b", "c", "d", "e"}));
  EXPECT_EQ(versions.size(), 1U);
}

TEST_P(KubeConformanceTest, ListAllReadsEveryPageAndEachItemKnowsItsKind) {
  for (const char* name : {"a", "b", "c"}) CreateConfigMap(name);
  const auto all =
      ListAll(client(), kConfigMaps, {.ns = ns_, .field_selector = "metadata.name!=kube-root-ca.crt", .limit = 1}, {});
  ASSERT_TRUE(all.ok()) << all.status();
  ASSERT_EQ(all->items.size(), 3U);
  EXPECT_TRUE(all->continue_from.empty());
  for (const Json& item : all->items) EXPECT_EQ(item, Get(kConfigMaps, NameOf(item).name));
}

TEST_P(KubeConformanceTest, AListAdmitsWhatItsSelectorsSelect) {
  CreateConfigMap("a");
  CreateConfigMap("b");
  Patch(kConfigMaps, "b", {{"metadata", {{"labels", {{"tier", "x"}}}}}});
  const auto names = [&](const ListRequest& request) {
    std::vector<std::string> found;
    const auto page = client().List(kConfigMaps, request, {});
    for (const Json& item : page->items) found.push_back(NameOf(item).name);
    return found;
  };
  EXPECT_EQ(names({.ns = ns_, .label_selector = "tier=x"}), std::vector<std::string>{"b"});
  EXPECT_EQ(names({.ns = ns_, .field_selector = "metadata.name=a"}), std::vector<std::string>{"a"});
  EXPECT_TRUE(names({.ns = ns_, .label_selector = "tier=y"}).empty());
}

TEST_P(KubeConformanceTest, AListOfNothingHasAResourceVersion) {
  const auto page = client().List(kWidgets, {.ns = ns_}, {});
  ASSERT_TRUE(page.ok()) << page.status();
  EXPECT_TRUE(page->items.empty());
  EXPECT_FALSE(page->resource_version.empty());
}

TEST_P(KubeConformanceTest, ACallThatIsStoppedIsCancelled) {
  std::stop_source stop;
  stop.request_stop();
  EXPECT_EQ(client().Get(kConfigMaps, Named("a"), stop.get_token()).status().code(), StatusCode::kCancelled);
  EXPECT_EQ(client().Create(kConfigMaps, MakeConfigMap(Named("a"), {}), stop.get_token()).status().code(),
            StatusCode::kCancelled);
  EXPECT_EQ(CodeOfGet(kConfigMaps, "a"), StatusCode::kNotFound);
}

}  // namespace ballast
