#include "daemon/disk_view.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace ballast {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

TEST(TenantsOfTest, EachNamespaceBelongsToTheFirstTenantThatHasIt) {
  const DiskIntent intent{.tenants = {{.namespaces = {"a"}}, {.namespaces = {"*"}}, {.namespaces = {"b"}}}};
  EXPECT_THAT(TenantsOf(intent, {"a"}), ElementsAre(0));
  EXPECT_THAT(TenantsOf(intent, {"b"}), ElementsAre(1));
  EXPECT_THAT(TenantsOf(intent, {"b", "a", "b"}), ElementsAre(0, 1));
  EXPECT_THAT(TenantsOf(intent, {}), IsEmpty());
}

TEST(MakeEvictionInputTest, WhatOnlyPodsBroughtIsOnTheirTenantsAccount) {
  const Digest model = Digest::Of("m");
  DiskView view;
  view.models.push_back({.id = model, .manifest = Manifest::Make({}).value()});
  DiskIntent intent{.tenants = {{.namespaces = {"a"}}, {.namespaces = {"b"}}}};
  EXPECT_THAT(MakeEvictionInput(view, intent).models[0].tenants, IsEmpty());
  view.leases = {{.pod = "b/pod", .manifest = model}, {.pod = "a/other", .manifest = Digest::Of("other")}, {.pod = ""}};
  EXPECT_THAT(MakeEvictionInput(view, intent).models[0].tenants, ElementsAre(1));
  intent.owners[model] = {{.cache = "everybody's"}};
  EXPECT_THAT(MakeEvictionInput(view, intent).models[0].tenants, IsEmpty());
}

}  // namespace
}  // namespace ballast
