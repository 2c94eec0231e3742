// A CachePolicy in the manifests folder, in a whole daemon.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <set>

#include "api/manifests.h"
#include "base/strings.h"
#include "daemon/policy_guard.h"
#include "daemon/testing/service_fixture.h"

namespace ballast {
namespace {

namespace v1 = cache::v1;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

class PolicyTest : public ServiceFixture {
 protected:
  // hf://org/b and hf://org/c, 6 MiB each, beside hf://org/a with 5.
  PolicyTest() {
    origin_.Put("hf://org/b", {{.path = "w.bin", .content = Weights(6 * kMiB, 2)}});
    origin_.Put("hf://org/c", {{.path = "w.bin", .content = Weights(6 * kMiB, 3)}});
  }
  static std::string Manifest(const std::string& spec, const std::string& confirm = "") {
    return StrCat("apiVersion: ballast.dev/v1alpha1\nkind: CachePolicy\nmetadata: {name: default, annotations: {",
                  confirm.empty() ? "" : StrCat("ballast.dev/confirm: \"", confirm, "\""), "}}\nspec: {", spec, "}\n");
  }
  static std::string ConfirmationFor(const std::string& spec) {
    return ConfirmationOf(ParseManifests(Manifest(spec), "p.yaml").value().policies.at(0).policy);
  }
  void Write(const std::string& name, const std::string& content) const {
    std::ofstream(root_ / "new") << content;
    std::filesystem::rename(root_ / "new", root_ / "caches" / name);
  }
  void WritePolicy(const std::string& spec, const std::string& confirm = "") const {
    Write("policy.yaml", Manifest(spec, confirm));
  }
  void RemovePolicy() const { std::filesystem::remove(root_ / "caches" / "policy.yaml"); }
  std::set<std::string> Here() {
    std::set<std::string> names;
    for (const v1::Model& model : List()) {
      if (model.phase() == "ready") names.insert(model.model());
    }
    return names;
  }
  void Pull3() {
    for (const char* model : {"hf://org/a", "hf://org/b", "hf://org/c"}) ASSERT_TRUE(Prepare(Pull(model)).status.ok());
  }
  std::string Problem() {
    const v1::StatusResponse status = GetStatus();
    return status.problems_size() == 0 ? "" : status.problems(0);
  }
};

TEST_F(PolicyTest, AQuotaEvictsAtOnceAndItsEndIsTheConfigurationsWord) {
  config_.cache.quota = 100 * kMiB;
  Start();
  Pull3();
  WritePolicy("disk: {quota: 13Mi}");
  WaitUntil([&] { return Here() == std::set<std::string>{"hf://org/b", "hf://org/c"}; });
  EXPECT_EQ(GetStatus().quota_bytes(), 13 * kMiB);
  EXPECT_EQ(Prepare(Pull("hf://org/a")).status.error_code(), grpc::StatusCode::OK) << "it takes the place of another";
  RemovePolicy();
  WaitUntil([&] { return GetStatus().quota_bytes() == 100 * kMiB; });
  Pull3();
  EXPECT_EQ(Here().size(), 3U);
}

TEST_F(PolicyTest, ABadVersionKeepsTheLastGoodOneAndStatusSaysSo) {
  Start();
  WritePolicy("disk: {quota: 13Mi}");
  WaitUntil([&] { return GetStatus().quota_bytes() == 13 * kMiB; });
  WritePolicy("disk: {qouta: 1Mi}");
  WaitUntil([&] { return !Problem().empty(); });
  EXPECT_THAT(Problem(), HasSubstr("policy.yaml:4: spec.disk: unknown key \"qouta\"; did you mean \"quota\"?"));
  EXPECT_THAT(Problem(), HasSubstr("its last good version stays in effect"));
  EXPECT_EQ(GetStatus().quota_bytes(), 13 * kMiB);
  WritePolicy("disk: {quota: 14Mi}");
  WaitUntil([&] { return Problem().empty() && GetStatus().quota_bytes() == 14 * kMiB; });
}

TEST_F(PolicyTest, WhatEvictsMoreThanHalfWaitsOverRestartsUntilItIsConfirmed) {
  Start();
  Pull3();
  WritePolicy("disk: {quota: 7Mi}");
  WaitUntil([&] { return !Problem().empty(); });
  EXPECT_THAT(Problem(), HasSubstr("LargeEvictionPending: CachePolicy \"default\" would evict 11.0 MiB of 17.0 MiB"));
  EXPECT_THAT(Problem(), HasSubstr("hf://org/a@main, hf://org/b@main"));
  EXPECT_THAT(Problem(), HasSubstr(StrCat("ballast.dev/confirm: \"", ConfirmationFor("disk: {quota: 7Mi}"), "\"")));
  EXPECT_EQ(Here().size(), 3U);
  Stop();
  Start();
  EXPECT_THAT(Problem(), HasSubstr("LargeEvictionPending"));
  EXPECT_EQ(GetStatus().quota_bytes(), 0U);
  EXPECT_EQ(Here().size(), 3U);
  WritePolicy("disk: {quota: 7Mi}", ConfirmationFor("disk: {quota: 7Mi}"));
  WaitUntil([&] { return Here() == std::set<std::string>{"hf://org/c"}; });
  EXPECT_THAT(Problem(), IsEmpty());
  Stop();
  Start();
  EXPECT_EQ(GetStatus().quota_bytes(), 7 * kMiB);
}

TEST_F(PolicyTest, ATenantsQuotaRefusesInNumbers) {
  Start();
  WritePolicy("tenants: [{namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: team}}, quotaPerNode: 8Mi}]");
  const auto team = [&](const std::string& name, const std::string& model) {
    Write(name + ".yaml", StrCat("apiVersion: ballast.dev/v1alpha1\nkind: ModelCache\nmetadata: {name: ", name,
                                 ", namespace: team}\nspec: {source: {uri: \"", model, "\"}, nodes: {}}\n"));
  };
  team("one", "hf://org/b");
  WaitUntil([&] { return Here().contains("hf://org/b"); });
  team("two", "hf://org/c");
  std::string problem;  // said between two attempts
  WaitUntil([&] { return !(problem = Problem()).empty(); });
  EXPECT_THAT(problem, HasSubstr("needs 6.0 MiB; the quota of 8.0 MiB that namespaces team have on this node"));
  EXPECT_THAT(Here(), ElementsAre("hf://org/b"));
  ASSERT_TRUE(Prepare(Pull("hf://org/a")).status.ok()) << "what is nobody's is on no account";
}

TEST_F(PolicyTest, ATenantMayNameItsOwnSources) {
  config_.volumes.sources = {"hf://else/*"};
  Start();
  EXPECT_EQ(Prepare(Volume("hf://org/a", "v1")).status.error_code(), grpc::StatusCode::PERMISSION_DENIED);
  WritePolicy("tenants: [{namespaceSelector: {}, sources: [\"hf://org/*\"]}]");
  WaitUntil([&] { return Prepare(Volume("hf://org/a", "v1")).status.ok(); });
}

TEST_F(PolicyTest, SeedsKeepAModelWarm) {
  WriteCache("seeded", "source: {uri: \"hf://org/b\"}, seeds: {count: 2}");
  Start();
  WaitUntil([&] { return Here() == std::set<std::string>{"hf://org/b"}; });
  WaitUntil([&] { return CollectGarbage(/*dry_run=*/true).protected__size() == 1; });
  EXPECT_EQ(CollectGarbage(/*dry_run=*/true).protected_(0).why(), "wanted by seeded");
}

}  // namespace
}  // namespace ballast
