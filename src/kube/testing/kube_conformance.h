// What every KubeClient must do, as tests: INSTANTIATE_TEST_SUITE_P(Mine, KubeConformanceTest, Values(&MakeMine)) in a
// program that is built with kube_conformance_*.cc.
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <set>
#include <string>

#include "kube/kube_client.h"
#include "kube/testing/watch_recorder.h"
#include "kube/testing/widget.h"

namespace ballast {

// A client, and a namespace that nobody else uses, without configmaps and widgets.
struct KubeUnderTest {
  virtual ~KubeUnderTest() = default;
  virtual KubeClient& client() = 0;
  virtual std::string ns() = 0;
  // Lets the timeout of a running watch pass, where time does not pass by itself; with a bookmark before.
  virtual void PassWatchTimeout() = 0;
};

using MakeKubeUnderTest = std::unique_ptr<KubeUnderTest> (*)();

class KubeConformanceTest : public testing::TestWithParam<MakeKubeUnderTest> {
 protected:
  KubeClient& client() { return under_test_->client(); }
  ObjectName Named(const std::string& name) { return {ns_, name}; }

  // The calls, without limits, on what must succeed.
  Json Create(const KubeResource& resource, const Json& object) {
    auto created = client().Create(resource, object, {});
    BALLAST_CHECK(created.ok()) << created.status();
    return *created;
  }
  Json CreateConfigMap(const std::string& name, const Json& data = {{"a", "1"}}) {
    return Create(kConfigMaps, MakeConfigMap(Named(name), data));
  }
  Json CreateWidget(const std::string& name, const Json& spec = {{"size", 1}, {"color", "red"}}) {
    return Create(kWidgets, MakeWidget(Named(name), spec));
  }
  Json Get(const KubeResource& resource, const std::string& name) {
    auto object = client().Get(resource, Named(name), {});
    BALLAST_CHECK(object.ok()) << object.status();
    return *object;
  }
  Json Patch(const KubeResource& resource, const std::string& name, const Json& patch,
             Subresource subresource = Subresource::kNone) {
    auto patched = client().Patch(resource, Named(name), patch, subresource, {});
    BALLAST_CHECK(patched.ok()) << patched.status();
    return *patched;
  }
  Result<Json> Apply(const Json& object, const std::string& manager) {
    return client().Apply(kConfigMaps, {object, manager}, {});
  }
  StatusCode CodeOfGet(const KubeResource& resource, const std::string& name) {
    return client().Get(resource, Named(name), {}).status().code();
  }
  std::string ListVersion(const KubeResource& resource) {
    auto page = client().List(resource, {.ns = ns_}, {});
    BALLAST_CHECK(page.ok()) << page.status();
    return page->resource_version;
  }
  WatchRequest WatchFrom(const std::string& version) { return {.ns = ns_, .resource_version = version}; }

  std::unique_ptr<KubeUnderTest> under_test_ = GetParam()();
  std::string ns_ = under_test_->ns();
};

}  // namespace ballast
