#include "daemon/manifest_folder.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "base/mutex.h"

namespace ballast {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

std::string Cache(const std::string& name, const std::string& uri = "hf://org/a") {
  return "apiVersion: ballast.dev/v1alpha1\nkind: ClusterModelCache\nmetadata: {name: " + name +
         "}\nspec:\n  source: {uri: \"" + uri + "\"}\n  nodes: {}\n";
}

std::vector<std::string> Names(const ManifestSet& set) {
  std::vector<std::string> names;
  for (const ModelCache& cache : set.caches) names.push_back(CacheName(cache));
  return names;
}

using Files = std::map<std::string, Result<std::string>>;

TEST(NextManifestsTest, ABadFileKeepsItsLastGoodVersionAndSaysSo) {
  const ManifestFolderState good = NextManifests({}, Files{{"/m/a.yaml", Cache("a")}});
  const ManifestFolderState bad = NextManifests(good, Files{{"/m/a.yaml", std::string("kind: ClusterModelCach\n")}});
  EXPECT_THAT(Names(Effective(bad)), ElementsAre("a"));
  ASSERT_EQ(Effective(bad).problems.size(), 1U);
  EXPECT_THAT(Effective(bad).problems[0], HasSubstr("/m/a.yaml"));
  EXPECT_THAT(Effective(bad).problems[0], HasSubstr("last good version stays in effect"));
  const ManifestFolderState mended = NextManifests(bad, Files{{"/m/a.yaml", Cache("b")}});
  EXPECT_THAT(Names(Effective(mended)), ElementsAre("b"));
  EXPECT_THAT(Effective(mended).problems, IsEmpty());
}

TEST(NextManifestsTest, ASecretIsNamedAsWhatHasNoEffectHereAndIsNoProblem) {
  const std::string gated =
      "apiVersion: ballast.dev/v1alpha1\nkind: ClusterModelCache\nmetadata: {name: gated}\nspec:\n"
      "  source: {uri: \"hf://org/gated\", origin: hub, tokenSecretRef: {name: t, key: k, namespace: models}}\n"
      "  allowedNamespaces: {from: All}\n";
  const ManifestSet set = Effective(NextManifests({}, Files{{"/m/a.yaml", gated}, {"/m/b.yaml", Cache("b")}}));
  EXPECT_THAT(Names(set), ElementsAre("gated", "b"));
  EXPECT_THAT(set.problems, IsEmpty());
  ASSERT_EQ(set.warnings.size(), 1U);
  EXPECT_THAT(set.warnings[0], HasSubstr("/m/a.yaml"));
  EXPECT_THAT(set.warnings[0], HasSubstr("tokenFile of the origin \"hub\" in ballastd's configuration"));
}

TEST(NextManifestsTest, AFileThatWasNeverGoodIsOnlyAProblem) {
  const ManifestSet set =
      Effective(NextManifests({}, Files{{"/m/a.yaml", std::string(":")}, {"/m/b.yaml", Cache("b")}}));
  EXPECT_THAT(Names(set), ElementsAre("b"));
  EXPECT_EQ(set.problems.size(), 1U);
}

TEST(NextManifestsTest, AFileThatCannotBeReadKeepsItsCachesAndOneThatWentTakesThemAlong) {
  const ManifestFolderState good = NextManifests({}, Files{{"/m/a.yaml", Cache("a")}});
  EXPECT_THAT(Names(Effective(NextManifests(good, Files{{"/m/a.yaml", PermissionDenied("open /m/a.yaml")}}))),
              ElementsAre("a"));
  EXPECT_THAT(Names(Effective(NextManifests(good, {}))), IsEmpty());
}

TEST(NextManifestsTest, ACacheThatIsNamedTwiceCountsOnceAndBothFilesAreNamed) {
  const ManifestSet set = Effective(NextManifests(
      {}, Files{{"/m/a.yaml", Cache("x", "hf://org/first")}, {"/m/b.yaml", Cache("x", "hf://org/second")}}));
  ASSERT_EQ(set.caches.size(), 1U);
  EXPECT_EQ(set.caches[0].spec.source.uri.name, "org/first");
  ASSERT_EQ(set.problems.size(), 1U);
  EXPECT_THAT(set.problems[0], HasSubstr("/m/b.yaml"));
  EXPECT_THAT(set.problems[0], HasSubstr("/m/a.yaml"));
}

std::string Policy(const std::string& name, const std::string& spec) {
  return "apiVersion: ballast.dev/v1alpha1\nkind: CachePolicy\nmetadata: {name: " + name + "}\nspec: {" + spec + "}\n";
}

TEST(NextManifestsTest, ABadPolicyKeepsItsLastGoodVersionAndOneThatWentIsNone) {
  const ManifestFolderState good = NextManifests({}, Files{{"/m/p.yaml", Policy("p", "disk: {quota: 1Gi}")}});
  EXPECT_EQ(Effective(good).policy->policy.spec.disk.quota, 1U << 30);
  const ManifestFolderState bad = NextManifests(good, Files{{"/m/p.yaml", Policy("p", "disk: {quota: lots}")}});
  EXPECT_EQ(Effective(bad).policy, Effective(good).policy);
  EXPECT_THAT(Effective(bad).problems, ElementsAre(HasSubstr("its last good version stays in effect")));
  EXPECT_EQ(Effective(NextManifests(bad, {})), ManifestSet());
}

TEST(NextManifestsTest, OfPoliciesInSeveralFilesOneGovernsAndAppliesToTheCachesOfAll) {
  const std::string own =
      "apiVersion: ballast.dev/v1alpha1\nkind: ModelCache\nmetadata: {name: own, namespace: a}\n"
      "spec: {source: {uri: \"hf://org/a\"}, priority: 9}\n";
  const ManifestSet set = Effective(NextManifests(
      {}, Files{{"/m/a.yaml", own},
                {"/m/b.yaml", Policy("low", "disk: {quota: 1Gi}")},
                {"/m/c.yaml", Policy("high", "priority: 1, tenants: [{namespaceSelector: {}, maxPriority: 3}]")},
                {"/m/d.yaml", Policy("low", "disk: {quota: 2Gi}")}}));
  EXPECT_EQ(set.policy->policy.metadata.name, "high");
  EXPECT_EQ(set.caches.at(0).spec.priority, 3);
  EXPECT_THAT(set.problems, ElementsAre(HasSubstr("a policy named \"low\" is also in /m/b.yaml")));
}

TEST(NextManifestsTest, WhatHasNoEffectInAFolderIsTold) {
  const std::string kept =
      "apiVersion: ballast.dev/v1alpha1\nkind: ClusterModelCache\nmetadata: {name: k}\n"
      "spec: {source: {uri: \"hf://org/a\"}, gc: {onDelete: Keep, clusterQuota: 1Ti}}\n";
  EXPECT_THAT(Effective(NextManifests({}, Files{{"/m/k.yaml", kept}})).warnings,
              ElementsAre(HasSubstr("gc.onDelete: Keep has no effect without Kubernetes"),
                          HasSubstr("gc.clusterQuota has no effect without Kubernetes")));
}

TEST(IsManifestNameTest, SkipsWhatEditorsAndConfigMapsLeave) {
  for (const char* name : {"a.yaml", "b.yml", "c.json"}) EXPECT_TRUE(IsManifestName(name)) << name;
  for (const char* name :
       {"", ".a.yaml.swp", ".a.yaml", "a.yaml~", "#a.yaml#", "a.yaml.tmp", "..data", "README.md", "4913"}) {
    EXPECT_FALSE(IsManifestName(name)) << name;
  }
}

// What the follower reported, for a test to wait on.
class Heard {
 public:
  void Add(const ManifestSet& set) {
    MutexLock lock(mutex_);
    last_ = set;
    changed_.NotifyAll();
  }
  // Returns when the caches are these; the test's own timeout ends a wait in vain.
  void WaitFor(const std::vector<std::string>& names) {
    MutexLock lock(mutex_);
    while (Names(last_) != names) changed_.Wait(mutex_);
  }
  void WaitForProblem(const std::string& text) {
    MutexLock lock(mutex_);
    while (last_.problems.empty() || last_.problems[0].find(text) == std::string::npos) changed_.Wait(mutex_);
  }

 private:
  Mutex mutex_;
  CondVar changed_;
  ManifestSet last_ GUARDED_BY(mutex_);
};

class ManifestFolderTest : public ::testing::Test {
 protected:
  ManifestFolderTest() {
    std::string name = "/tmp/ballast-manifests-XXXXXX";
    folder_ = mkdtemp(name.data());
  }
  ~ManifestFolderTest() override { std::filesystem::remove_all(folder_); }

  void Write(const std::string& name, const std::string& content) const {
    std::ofstream(folder_ + "/" + name) << content;
  }
  std::unique_ptr<ManifestFolder> Follow() {
    // So rare a rescan that only inotify can be what the test waits for.
    return std::make_unique<ManifestFolder>(folder_, std::chrono::hours(1),
                                            [this](const ManifestSet& set) { heard_.Add(set); });
  }

  std::string folder_;
  Heard heard_;
};

TEST_F(ManifestFolderTest, FollowsFilesThatComeChangeAndGo) {
  Write("a.yaml", Cache("a"));
  const auto follower = Follow();
  heard_.WaitFor({"a"});
  Write("b.yaml", Cache("b"));
  heard_.WaitFor({"a", "b"});
  Write(".b.yaml.new", Cache("c"));
  std::filesystem::rename(folder_ + "/.b.yaml.new", folder_ + "/b.yaml");  // how careful writers replace a file
  heard_.WaitFor({"a", "c"});
  std::filesystem::remove(folder_ + "/a.yaml");
  heard_.WaitFor({"c"});
}

TEST_F(ManifestFolderTest, FollowsTheWayAConfigMapIsMounted) {
  std::filesystem::create_directory(folder_ + "/..1");
  std::filesystem::create_directory(folder_ + "/..2");
  std::ofstream(folder_ + "/..1/a.yaml") << Cache("one");
  std::ofstream(folder_ + "/..2/a.yaml") << Cache("two");
  std::filesystem::create_symlink("..1", folder_ + "/..data");
  std::filesystem::create_symlink("..data/a.yaml", folder_ + "/a.yaml");
  const auto follower = Follow();
  heard_.WaitFor({"one"});
  std::filesystem::create_symlink("..2", folder_ + "/..data_tmp");
  std::filesystem::rename(folder_ + "/..data_tmp", folder_ + "/..data");
  heard_.WaitFor({"two"});
}

TEST_F(ManifestFolderTest, AFolderThatGoesKeepsItsCaches) {
  Write("a.yaml", Cache("a"));
  const auto follower = Follow();
  std::filesystem::rename(folder_, folder_ + ".away");
  heard_.WaitForProblem("what is known so far stays in effect");
  heard_.WaitFor({"a"});
  std::filesystem::rename(folder_ + ".away", folder_);
}

TEST(ManifestFolderMissingTest, IsAProblemNotAnEnd) {
  Heard heard;
  const ManifestFolder follower("/nowhere/manifests", std::chrono::hours(1),
                                [&](const ManifestSet& set) { heard.Add(set); });
  heard.WaitForProblem("/nowhere/manifests");
}

}  // namespace
}  // namespace ballast
