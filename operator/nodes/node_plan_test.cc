#include "operator/nodes/node_plan.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/digest.h"

namespace ballast::controller {
namespace {

using std::chrono::minutes;
using std::chrono::seconds;
using testing::HasSubstr;

const Timestamp kBorn(seconds(1'700'000'000));

std::string ManifestOf(const std::string& cache) { return Digest::Of(cache).ToString(); }

// node-1 with the taint, an agent that serves, and nothing required.
struct Scene {
  NodeFacts node{.name = "node-1",
                 .uid = "n1",
                 .labels = {{"gpu", "yes"}},
                 .taints = {{kStartupTaint, "", "NoSchedule"}},
                 .created = kBorn};
  CacheNode cache_node;
  std::vector<ModelCache> caches;
  NodeRules rules;
  Timestamp now = kBorn + seconds(1);

  Scene() {
    cache_node.metadata.name = "node-1";
    cache_node.metadata.owner_references = {{.kind = "Node", .name = "node-1", .uid = "n1"}};
    SetReady(ConditionStatus::kTrue, Reason::kServing);
  }
  void SetReady(ConditionStatus status, Reason reason) {
    SetCondition(cache_node.status.conditions, ConditionType::kReady, status, reason, "", 1, kBorn);
  }
  ModelCache& Require(const std::string& name) {
    ModelCache cache;
    cache.metadata.name = name;
    cache.spec.nodes = NodesSpec{.required = true};
    caches.push_back(cache);
    return caches.back();
  }
  void Assign(const std::string& cache, CachePhase phase) {
    cache_node.spec.caches.push_back({.cache = cache, .manifest = ManifestOf(cache), .current = true, .pinned = true});
    cache_node.status.caches.push_back({.cache = cache, .manifest = ManifestOf(cache), .phase = phase});
  }
  NodeObserved Observed() const {
    NodeObserved observed{
        .node = node, .cache_node = std::make_shared<const CacheNode>(cache_node), .rules = rules, .now = now};
    for (const ModelCache& cache : caches) observed.caches.push_back(std::make_shared<const ModelCache>(cache));
    return observed;
  }
  NodePlan Plan() const { return PlanNode(Observed()); }
  std::string Why() const { return WhyNotReady(Observed()); }
};

TEST(NodePlanTest, TheTaintGoesWhenTheAgentServesAndNothingIsRequired) {
  const NodePlan plan = Scene().Plan();
  EXPECT_TRUE(plan.remove_taint);
  EXPECT_FALSE(plan.event->warning);
}

TEST(NodePlanTest, WithoutTheTaintThereIsNothingToDo) {
  Scene scene;
  scene.node.taints = {{"node.kubernetes.io/not-ready", "", "NoExecute"}};
  EXPECT_EQ(scene.Plan(), NodePlan{});
}

TEST(NodePlanTest, TheTaintStaysUntilThisNodesAgentServes) {
  Scene scene;
  NodeObserved none = scene.Observed();
  none.cache_node = nullptr;
  EXPECT_THAT(WhyNotReady(none), HasSubstr("has not reported"));
  scene.cache_node.status.conditions.clear();
  EXPECT_THAT(scene.Why(), HasSubstr("has not reported"));
  scene.SetReady(ConditionStatus::kFalse, Reason::kCacheDiskMissing);
  EXPECT_THAT(scene.Why(), HasSubstr("CacheDiskMissing"));
  scene.SetReady(ConditionStatus::kUnknown, Reason::kStarting);
  EXPECT_THAT(scene.Why(), HasSubstr("Starting"));
  scene.SetReady(ConditionStatus::kTrue, Reason::kServing);
  EXPECT_EQ(scene.Why(), "");
  scene.cache_node.metadata.owner_references[0].uid = "an earlier node of this name";
  EXPECT_THAT(scene.Why(), HasSubstr("has not reported"));
}

TEST(NodePlanTest, ARequiredCacheHoldsTheTaintUntilItsRevisionIsReady) {
  for (const CachePhase phase :
       {CachePhase::kWaiting, CachePhase::kDownloading, CachePhase::kFailed, CachePhase::kReady}) {
    Scene scene;
    scene.Require("llama");
    EXPECT_THAT(scene.Why(), HasSubstr("llama (not assigned yet)"));
    scene.Assign("llama", phase);
    EXPECT_EQ(scene.Why().empty(), phase == CachePhase::kReady);
    scene.cache_node.status.caches[0].manifest = ManifestOf("an older revision");
    EXPECT_THAT(scene.Why(), HasSubstr("llama"));
  }
}

TEST(NodePlanTest, AnEntryThatIsNotPinnedOrNotCurrentIsNotTheAssignment) {
  for (const auto change : {+[](CacheEntry& e) { e.pinned = false; }, +[](CacheEntry& e) { e.current = false; }}) {
    Scene scene;
    scene.Require("llama");
    scene.Assign("llama", CachePhase::kReady);
    scene.cache_node.spec.caches.Change(0, change);
    EXPECT_THAT(scene.Why(), HasSubstr("not assigned yet"));
  }
}

TEST(NodePlanTest, OnlyCachesThatMustBeWarmHereHoldIt) {
  const std::pair<const char*, void (*)(Scene&, ModelCache&)> rows[] = {
      {"not required", [](Scene&, ModelCache& cache) { cache.spec.nodes->required = false; }},
      {"on demand", [](Scene&, ModelCache& cache) { cache.spec.nodes.reset(); }},
      {"selects other nodes",
       [](Scene&, ModelCache& cache) {
         cache.spec.nodes->selector = LabelSelector{.match_labels = {{"gpu", "no"}}};
       }},
      {"larger than the quota",
       [](Scene& scene, ModelCache& cache) {
         cache.status.revision.current.bytes = 131;
         scene.cache_node.spec.policy.quota_bytes = 100;
       }},
      {"suspended", [](Scene&, ModelCache& cache) { cache.spec.suspend = true; }},
      {"being deleted", [](Scene&, ModelCache& cache) { cache.metadata.deletion_timestamp = kBorn; }},
      {"refused here",
       [](Scene& scene, ModelCache&) {
         scene.cache_node.spec.refused = {{"llama", "NodeTooSmall", "needs 131 GiB"}};
       }},
  };
  for (const auto& [name, change] : rows) {
    Scene scene;
    scene.Require("llama").status.revision.current.bytes = 100;
    scene.cache_node.spec.policy.quota_bytes = 100;
    ASSERT_NE(scene.Why(), "");
    change(scene, scene.caches[0]);
    EXPECT_EQ(scene.Why(), "") << name;
  }
  Scene scene;
  scene.Require("llama").spec.nodes->selector = LabelSelector{.match_labels = {{"gpu", "yes"}}};
  EXPECT_NE(scene.Why(), "");
}

TEST(NodePlanTest, ATenantsCacheIsFoundByItsFullName) {
  Scene scene;
  ModelCache& cache = scene.Require("llama");
  cache.cluster_scoped = false;
  cache.metadata.object_namespace = "team";
  scene.Assign("llama", CachePhase::kReady);
  EXPECT_THAT(scene.Why(), HasSubstr("team/llama"));
  scene.Assign("team/llama", CachePhase::kReady);
  EXPECT_EQ(scene.Why(), "");
}

TEST(NodePlanTest, AtMaxWaitTheTaintGoesAllTheSameAndTheEventSaysWhatIsMissing) {
  Scene scene;
  scene.Require("llama");
  scene.now = kBorn + minutes(15) - seconds(1);
  EXPECT_EQ(scene.Plan(), NodePlan{.look_again = seconds(1)});
  scene.now = kBorn + minutes(15);
  const NodePlan plan = scene.Plan();
  EXPECT_TRUE(plan.remove_taint);
  EXPECT_TRUE(plan.event->warning);
  EXPECT_EQ(plan.event->reason, "StartupTaintTimeout");
  EXPECT_THAT(plan.event->note, HasSubstr("llama (not assigned yet)"));
  scene.Assign("llama", CachePhase::kReady);
  EXPECT_FALSE(scene.Plan().event->warning) << "late, but warm";
}

TEST(NodePlanTest, WarmLabelsAreOptInAndNameWhatIsReady) {
  Scene scene;
  scene.node.taints.clear();
  scene.Assign("llama", CachePhase::kReady);
  scene.Assign("qwen", CachePhase::kDownloading);
  scene.Assign("team/phi", CachePhase::kReady);
  EXPECT_EQ(scene.Plan().warm, Labels{});
  scene.rules.warm_labels = true;
  EXPECT_EQ(scene.Plan().warm, (Labels{{"ballast.dev/warm.llama", "true"}, {"ballast.dev/warm.team_phi", "true"}}));
  scene.cache_node.spec.caches.Change(0, [](CacheEntry& entry) { entry.current = false; });
  EXPECT_EQ(scene.Plan().warm, (Labels{{"ballast.dev/warm.team_phi", "true"}}));
}

TEST(NodePlanTest, AWarmLabelIsAValidOneAndNoOthers) {
  const std::string longest(253, 'a');
  const std::string longer = std::string(252, 'a') + "b";
  for (const std::string& cache : {std::string("a"), std::string(58, 'x'), std::string(59, 'x'), longest, longer})
    EXPECT_LE(WarmLabel(cache).size(), std::string("ballast.dev/").size() + 63) << cache;
  EXPECT_NE(WarmLabel(longest), WarmLabel(longer));
  EXPECT_NE(WarmLabel("a.b"), WarmLabel("a/b"));
}

// admission/node-changes.yaml, as far as a patch can break it.
void ExpectPermitted(const Json& before, const Json& after) {
  Json a = before;
  Json b = after;
  for (Json* node : {&a, &b}) {
    for (const auto& [key, value] : ChildAt(before, "/metadata/labels").items()) {
      if (key.starts_with("ballast.dev/")) (*node)["metadata"]["labels"].erase(key);
    }
    for (const auto& [key, value] : ChildAt(after, "/metadata/labels").items()) {
      if (key.starts_with("ballast.dev/")) (*node)["metadata"]["labels"].erase(key);
    }
    Json rest = Json::array();
    for (const Json& taint : ChildAt(*node, "/spec/taints")) {
      if (StringAt(taint, "/key") != kStartupTaint) rest.push_back(taint);
    }
    (*node)["spec"]["taints"] = rest;
  }
  EXPECT_EQ(a, b);
}

TEST(NodePlanTest, APatchChangesOnlyWhatAdmissionPermits) {
  const Json mine = {{"key", kStartupTaint}, {"effect", "NoSchedule"}};
  const Json other = {{"key", "x"}, {"effect", "NoExecute"}, {"timeAdded", "2026-01-31T12:00:00Z"}};
  for (const Json& taints : {Json::array(), Json::array({mine}), Json::array({other}), Json::array({other, mine}),
                             Json::array({mine, other, mine})}) {
    for (const Json& labels : {Json::object(), Json{{"a", "b"}}, Json{{"a", "b"}, {"ballast.dev/warm.old", "true"}},
                               Json{{"ballast.dev/warm.llama", "false"}, {"ballast.dev/pool", "x"}}}) {
      for (const bool remove : {false, true}) {
        for (const Labels& warm : {Labels{}, Labels{{"ballast.dev/warm.llama", "true"}}}) {
          const Json node = {{"metadata", {{"name", "n"}, {"resourceVersion", "7"}, {"labels", labels}}},
                             {"spec", {{"taints", taints}, {"providerID", "p"}}}};
          const NodePlan plan{.remove_taint = remove, .warm = warm};
          const auto patch = PatchOf(node, plan);
          EXPECT_EQ(!patch, IsDone(NodeFromJson(node), plan));
          if (!patch) continue;
          EXPECT_EQ(ResourceVersionOf(*patch), "7");
          Json after = node;
          after.merge_patch(*patch);
          ExpectPermitted(node, after);
          EXPECT_TRUE(IsDone(NodeFromJson(after), plan));
          EXPECT_EQ(ChildAt(after, "/metadata/labels").value("ballast.dev/pool", ""),
                    labels.value("ballast.dev/pool", ""));
        }
      }
    }
  }
}

}  // namespace
}  // namespace ballast::controller
