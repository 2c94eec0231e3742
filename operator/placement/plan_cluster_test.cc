// Rules that hold after every plan, whatever happened before.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "base/strings.h"
#include "operator/caches/cache_name.h"
#include "operator/placement/pins.h"
#include "operator/placement/placement.h"
#include "operator/testing/cluster.h"
#include "operator/testing/cluster_game.h"

namespace ballast::controller {
namespace {

constexpr uint32_t kGames = 150;
constexpr int kMoves = 25;

// A plan, and what it was made from.
class Judge {
 public:
  Judge(const ClusterObserved& observed, const Placement& plan) : observed_(observed), plan_(plan) {
    for (const auto& cache : observed.caches) {
      caches_[CacheNameOf(*cache)] = cache.get();
      for (const RevisionRecord* record : Records(*cache)) bytes_[record->manifest] = record->bytes;
    }
    for (const auto& node : observed.cache_nodes) cache_nodes_[node->metadata.name] = node.get();
  }

  void Check() const {
    for (const auto& node : observed_.nodes) {
      const auto spec = plan_.nodes.find(node->name);
      if (spec == plan_.nodes.end()) continue;
      SCOPED_TRACE(node->name);
      CheckEntriesAreAnOrderedSet(*spec->second);
      CheckPinnedFitTheQuota(*node, *spec->second);
      CheckTheStrongestIsAdmittedFirst(*node, *spec->second);
      CheckOutOfServiceGetsNothingNew(*node, *spec->second);
      CheckOutOfServiceKeepsWhatItHas(*node, *spec->second);
      CheckVolumesKeepTheirManifest(*node, *spec->second);
      CheckQuestionsAreAnswered(*node, *spec->second);
      CheckOneCurrent(*spec->second);
    }
    for (const auto& [name, cache] : caches_) {
      SCOPED_TRACE(name);
      CheckMaxParallel(name, *cache);
      CheckClusterQuota(name, *cache);
    }
  }

 private:
  static std::vector<const RevisionRecord*> Records(const ModelCache& cache) {
    std::vector<const RevisionRecord*> all{&cache.status.revision.current};
    if (cache.status.revision.next) all.push_back(&*cache.status.revision.next);
    for (const RevisionRecord& record : cache.status.revision.previous) all.push_back(&record);
    return all;
  }
  static bool Serves(const NodeFacts& node) { return node.ready && !node.cordoned; }

  const CacheEntry* Held(const std::string& node, const std::string& cache, const std::string& manifest) const {
    const auto found = cache_nodes_.find(node);
    if (found == cache_nodes_.end()) return nullptr;
    for (const CacheEntry& entry : found->second->spec.caches) {
      if (entry.cache == cache && entry.manifest == manifest) return &entry;
    }
    return nullptr;
  }
  CachePhase PhaseOf(const std::string& node, const std::string& cache, const std::string& manifest) const {
    const auto found = cache_nodes_.find(node);
    if (found == cache_nodes_.end()) return CachePhase::kWaiting;
    for (const CacheEntryStatus& status : found->second->status.caches) {
      if (status.cache == cache && status.manifest == manifest) return status.phase;
    }
    return CachePhase::kWaiting;
  }
  bool IsBusy(const std::string& node, const CacheEntry& entry) const {
    const CachePhase phase = PhaseOf(node, entry.cache, entry.manifest);
    return entry.pinned && phase != CachePhase::kReady && phase != CachePhase::kFailed;
  }
  uint64_t QuotaOf(const NodeFacts& node) const { return *plan_.policies.of_node.at(node.name)->spec.disk.quota; }
  bool IsSuspended(const std::string& cache) const {
    const auto found = caches_.find(cache);
    return found != caches_.end() && found->second->spec.suspend;
  }

  static void CheckEntriesAreAnOrderedSet(const CacheNodeSpec& spec) {
    for (size_t i = 1; i < spec.caches.size(); ++i) {
      const CacheEntry& a = spec.caches[i - 1];
      const CacheEntry& b = spec.caches[i];
      EXPECT_LT(std::tie(a.cache, a.manifest), std::tie(b.cache, b.manifest));
    }
  }

  // What a suspended cache has is never evicted, whatever the quota says.
  uint64_t PinnedBytes(const CacheNodeSpec& spec) const {
    std::map<std::string, uint64_t> pinned;
    for (const CacheEntry& entry : spec.caches) {
      if (entry.pinned) pinned[entry.manifest] = bytes_.contains(entry.manifest) ? bytes_.at(entry.manifest) : 0;
    }
    uint64_t total = 0;
    for (const auto& [manifest, size] : pinned) total += size;
    return total;
  }
  static bool HasSuspended(const Judge& judge, const CacheNodeSpec& spec) {
    return std::any_of(spec.caches.begin(), spec.caches.end(),
                       [&](const CacheEntry& entry) { return judge.IsSuspended(entry.cache); });
  }
  void CheckPinnedFitTheQuota(const NodeFacts& node, const CacheNodeSpec& spec) const {
    if (!Serves(node) || HasSuspended(*this, spec)) return;
    EXPECT_LE(PinnedBytes(spec), QuotaOf(node));
  }

  // Whoever was refused would not fit either if nothing weaker were there.
  void CheckTheStrongestIsAdmittedFirst(const NodeFacts& node, const CacheNodeSpec& spec) const {
    if (!Serves(node) || HasSuspended(*this, spec)) return;
    for (const auto& [name, decision] : plan_.caches) {
      for (const NodeFailure& failure : decision.failures) {
        if (failure.node != node.name || failure.reason != "NotAdmitted") continue;
        const ModelCache& cache = *caches_.at(name);
        CacheNodeSpec stronger;
        for (const CacheEntry& entry : spec.caches) {
          if (entry.pinned && entry.priority >= EffectivePriority(cache, node)) stronger.caches.push_back(entry);
        }
        // Reserved for those that wait for their turn, too: they are in no entry yet.
        if (Waiting()) return;
        EXPECT_GT(cache.status.revision.current.bytes + PinnedBytes(stronger), QuotaOf(node)) << name;
      }
    }
  }
  bool Waiting() const {
    return std::any_of(plan_.caches.begin(), plan_.caches.end(),
                       [](const auto& one) { return one.second.waiting > 0; });
  }
  int32_t EffectivePriority(const ModelCache& cache, const NodeFacts& node) const {
    const auto& tenants = plan_.policies.of_node.at(node.name)->spec.tenants;
    if (cache.cluster_scoped || tenants.empty() || !tenants[0].max_priority) return cache.spec.priority;
    return std::min(cache.spec.priority, *tenants[0].max_priority);
  }

  void CheckOutOfServiceGetsNothingNew(const NodeFacts& node, const CacheNodeSpec& spec) const {
    if (Serves(node)) return;
    for (const CacheEntry& entry : spec.caches) {
      if (!entry.pinned) continue;
      const CacheEntry* held = Held(node.name, entry.cache, entry.manifest);
      const bool kept =
          IsSuspended(entry.cache) && PhaseOf(node.name, entry.cache, entry.manifest) == CachePhase::kReady;
      EXPECT_TRUE(held != nullptr && (held->pinned || kept)) << entry.cache;
    }
  }

  // What it was told to pin stays pinned while the cache wants it there.
  void CheckOutOfServiceKeepsWhatItHas(const NodeFacts& node, const CacheNodeSpec& spec) const {
    const auto before = cache_nodes_.find(node.name);
    if (Serves(node) || before == cache_nodes_.end()) return;
    for (const CacheEntry& held : before->second->spec.caches) {
      const auto cache = caches_.find(held.cache);
      if (!held.pinned || cache == caches_.end() || !IsWantedOn(*cache->second, node)) continue;
      if (held.manifest != cache->second->status.revision.current.manifest) continue;
      EXPECT_TRUE(std::ranges::any_of(spec.caches, [&](const CacheEntry& entry) {
        return entry.cache == held.cache && entry.manifest == held.manifest && entry.pinned;
      })) << held.cache;
    }
  }
  static bool IsWantedOn(const ModelCache& cache, const NodeFacts& node) {
    if (cache.spec.suspend || cache.metadata.deletion_timestamp) return false;
    const auto& nodes = cache.spec.nodes;
    return cache.spec.seeds || (nodes && (!nodes->selector || nodes->selector->Matches(node.labels)));
  }

  // On a node that the cache wants, or that got it by a pod.
  void CheckVolumesKeepTheirManifest(const NodeFacts& node, const CacheNodeSpec& spec) const {
    for (const auto& volume : observed_.volumes) {
      const CacheEntry* held = Held(node.name, volume->cache, volume->manifest);
      const auto cache = caches_.find(volume->cache);
      if (held == nullptr || cache == caches_.end()) continue;
      const ModelCache& object = *cache->second;
      const auto& next = object.status.revision.next;
      const bool ruled =
          object.status.revision.current.manifest == volume->manifest || (next && next->manifest == volume->manifest);
      if (object.spec.suspend || object.metadata.deletion_timestamp || (ruled && held->pinned)) continue;
      EXPECT_TRUE(std::any_of(spec.caches.begin(), spec.caches.end(), [&](const CacheEntry& entry) {
        return entry.cache == volume->cache && entry.manifest == volume->manifest;
      })) << volume->cache;
    }
  }

  void CheckQuestionsAreAnswered(const NodeFacts& node, const CacheNodeSpec& spec) const {
    const auto found = cache_nodes_.find(node.name);
    if (found == cache_nodes_.end()) return;
    for (const WantedCache& question : found->second->status.wanted) {
      const auto is_it = [&](const auto& one) { return one.cache == question.cache; };
      EXPECT_TRUE(std::any_of(spec.caches.begin(), spec.caches.end(), is_it) ||
                  std::any_of(spec.refused.begin(), spec.refused.end(), is_it))
          << question.cache;
    }
  }

  static void CheckOneCurrent(const CacheNodeSpec& spec) {
    std::set<std::string> current;
    for (const CacheEntry& entry : spec.caches) {
      if (!entry.current) continue;
      EXPECT_TRUE(current.insert(entry.cache).second) << entry.cache;
    }
  }

  void CheckMaxParallel(const std::string& name, const ModelCache& cache) const {
    if (!cache.spec.nodes || !cache.spec.nodes->max_parallel) return;
    std::set<std::string> before;
    std::set<std::string> after;
    for (const auto& node : observed_.nodes) {
      if (!Serves(*node)) continue;
      const auto old = cache_nodes_.find(node->name);
      const auto note = [&](const CacheNodeSpec& spec, std::set<std::string>& busy) {
        for (const CacheEntry& entry : spec.caches) {
          if (entry.cache == name && IsBusy(node->name, entry)) busy.insert(node->name);
        }
      };
      if (old != cache_nodes_.end()) note(old->second->spec, before);
      const auto now = plan_.nodes.find(node->name);
      if (now != plan_.nodes.end()) note(*now->second, after);
    }
    const auto most = static_cast<size_t>(cache.spec.nodes->max_parallel->number);
    EXPECT_LE(after.size(), std::max(most, before.size()));
  }

  void CheckClusterQuota(const std::string& name, const ModelCache& cache) const {
    if (!cache.spec.gc.cluster_quota || cache.spec.suspend) return;
    uint64_t total = 0;
    for (const auto& node : observed_.nodes) {
      const auto spec = plan_.nodes.find(node->name);
      if (spec == plan_.nodes.end()) continue;
      for (const CacheEntry& entry : spec->second->caches) {
        if (entry.cache != name || !entry.pinned) continue;
        if (!Serves(*node)) return;  // it keeps what it was told
        total += bytes_.contains(entry.manifest) ? bytes_.at(entry.manifest) : 0;
      }
    }
    EXPECT_LE(total, *cache.spec.gc.cluster_quota);
  }

  const ClusterObserved& observed_;
  const Placement& plan_;
  std::map<std::string, const ModelCache*> caches_;
  std::map<std::string, uint64_t> bytes_;
  std::map<std::string, const CacheNode*> cache_nodes_;
};

TEST(PlanClusterTest, TheRulesHoldAfterEveryPlan) {
  for (uint32_t seed = 1; seed <= kGames && !testing::Test::HasFailure(); ++seed) {
    ClusterGame game(seed);
    for (int move = 0; move < kMoves && !testing::Test::HasFailure(); ++move) {
      SCOPED_TRACE(StrCat("game ", seed, ", move ", move));
      const Placement plan = PlanCluster(game.observed());
      Judge(game.observed(), plan).Check();
      game.Write(plan);
      game.Move();
    }
  }
}

TEST(PlanClusterTest, PlanningAgainOnItsOwnPlanChangesNothing) {
  for (uint32_t seed = 1; seed <= kGames && !testing::Test::HasFailure(); ++seed) {
    ClusterGame game(seed);
    for (int move = 0; move < kMoves && !testing::Test::HasFailure(); ++move) {
      SCOPED_TRACE(StrCat("game ", seed, ", move ", move));
      const Placement plan = PlanCluster(game.observed());
      game.Write(plan);
      const Placement again = PlanCluster(game.observed());
      for (const auto& [node, spec] : plan.nodes) {
        ASSERT_EQ(*again.nodes.at(node), *spec) << node << "\n"
                                                << ToJson(CacheNode{.spec = *spec}).dump(1) << "\n"
                                                << ToJson(CacheNode{.spec = *again.nodes.at(node)}).dump(1);
      }
      game.Move();
    }
  }
}

// Storage nodes s1 and s2, a GPU node g; each agent is told what is planned. Model m has one seed, on a storage node.
class PlanSeedsTest : public testing::Test {
 protected:
  PlanSeedsTest() {
    for (const char* name : {"g", "s1", "s2"}) {
      nodes_[name] = {.name = name, .uid = name, .labels = {{"role", *name == 's' ? "storage" : "gpu"}}, .ready = true};
      agents_[name].metadata.name = name;
      agents_[name].metadata.owner_references = {{"v1", "Node", name, name}};
    }
    cache_.spec.nodes = NodesSpec{.selector = LabelSelector{.match_labels = {{"role", "gpu"}}}};
    cache_.spec.seeds = SeedsSpec{.count = 1, .selector = LabelSelector{.match_labels = {{"role", "storage"}}}};
    cache_.status.revision.current = {"c", Digest::Of("m").ToString(), 1000};
  }

  void Plan() {
    ClusterObserved observed;
    for (const auto& [name, node] : nodes_) observed.nodes.push_back(std::make_shared<const NodeFacts>(node));
    for (const auto& [name, node] : agents_) observed.cache_nodes.push_back(std::make_shared<const CacheNode>(node));
    observed.caches = {std::make_shared<const ModelCache>(cache_)};
    observed.policies = policies_;
    const Placement plan = PlanCluster(observed);
    for (auto& [name, node] : agents_) node.spec = *plan.nodes.at(name);
    policy_choice_ = plan.policies;
  }
  void Ready(const std::string& node) {
    agents_[node].status.caches = {
        {.cache = "m", .manifest = cache_.status.revision.current.manifest, .phase = CachePhase::kReady}};
  }
  std::string Pinned() const {
    std::string names;
    for (const auto& [name, node] : agents_) {
      if (!node.spec.caches.empty() && node.spec.caches[0].pinned) names += name + " ";
    }
    return names;
  }

  std::map<std::string, NodeFacts> nodes_;
  std::map<std::string, CacheNode> agents_;
  Policies policies_;
  PolicyChoice policy_choice_;
  ModelCache cache_ = MakeCache("m");
};

TEST_F(PlanSeedsTest, ASeedThatIsCordonedKeepsItsCopyAndAnotherOneGetsOne) {
  Plan();
  ASSERT_EQ(Pinned(), "g s1 ");
  Ready("s1");
  nodes_["s1"].cordoned = true;
  Plan();
  EXPECT_EQ(Pinned(), "g s1 s2 ");
  Ready("s2");
  Plan();
  EXPECT_EQ(Pinned(), "g s1 s2 ") << "it may come back, and nothing new would be told there";
  nodes_["s1"].cordoned = false;
  Plan();
  EXPECT_EQ(Pinned(), "g s1 ") << "one is enough";
}

TEST_F(PlanSeedsTest, ASeedThatIsOutOfServiceForAMomentStaysTheSeed) {
  Plan();
  Ready("s1");
  nodes_["s1"].ready = false;
  Plan();
  nodes_["s1"].ready = true;
  Plan();
  EXPECT_EQ(Pinned(), "g s1 ") << "s2 does not have it yet";
}

TEST_F(PlanSeedsTest, WhoIsNoSeedAnyMoreKeepsItsCopyUntilAnotherIsWhole) {
  Plan();
  Ready("s1");
  nodes_["s1"].labels["role"] = "retired";
  Plan();
  EXPECT_EQ(Pinned(), "g s1 s2 ");
  Ready("s2");
  Plan();
  EXPECT_EQ(Pinned(), "g s2 ");
}

TEST_F(PlanSeedsTest, WithoutSeedsInTheSpecTheirCopiesGo) {
  Plan();
  Ready("s1");
  cache_.spec.seeds.reset();
  Plan();
  EXPECT_EQ(Pinned(), "g ");
}

TEST_F(PlanSeedsTest, ANewNodeIsToldWhatItWouldWaitForInVain) {
  cache_.spec.nodes->required = true;
  CachePolicy small;
  small.metadata.name = "small";
  small.spec.disk.quota = 10;
  policies_ = {std::make_shared<const CachePolicy>(small)};
  Plan();
  EXPECT_TRUE(agents_["g"].spec.refused.empty()) << "nothing waits there";
  nodes_["g"].taints = {{kStartupTaint, "", "NoSchedule"}};
  Plan();
  ASSERT_EQ(agents_["g"].spec.refused.size(), 1U);
  EXPECT_EQ(agents_["g"].spec.refused[0].cache, "m");
  EXPECT_EQ(agents_["g"].spec.refused[0].reason, "NodeTooSmall");
  EXPECT_TRUE(agents_["s1"].spec.refused.empty()) << "it has no such taint";
}

// The operator admits what the node's agent lets be, which obeys no more than 80 % there.
TEST_F(PlanSeedsTest, OnASharedDiskThePolicyIsObeyedUpTo80Percent) {
  CachePolicy high;
  high.metadata.name = "high";
  high.spec.disk.high_threshold_percent = 95;
  policies_ = {std::make_shared<const CachePolicy>(high)};
  agents_["g"].status.disk.capacity_bytes = 1100;  // 80 % of it are too few, 95 % are enough
  Plan();
  EXPECT_EQ(Pinned(), "g s1 ");
  SetCondition(agents_["g"].status.conditions, ConditionType::kSharesNodeFilesystem, ConditionStatus::kTrue,
               Reason::kThresholdsTooHigh, "", 1, Timestamp());
  Plan();
  EXPECT_EQ(Pinned(), "s1 ");
  EXPECT_THAT(policy_choice_.too_high.at("high"), testing::ElementsAre("g"));
}

// Node a, and 1,025 namespaces, of which n0 is the newest.
class PlanNamespacesTest : public testing::Test {
 protected:
  static constexpr size_t kCount = kMaxNamespaces + 1;

  PlanNamespacesTest() {
    observed_.nodes = {std::make_shared<const NodeFacts>(NodeFacts{.name = "a", .uid = "a", .ready = true})};
    observed_.agents = {"a"};
    for (size_t i = 0; i < kCount; ++i) {
      NamespaceFacts one{StrCat("n", i), {{"tier", "serving"}}};
      one.created = Timestamp(std::chrono::seconds(i == 0 ? kCount : i));
      observed_.namespaces.push_back(std::make_shared<const NamespaceFacts>(one));
    }
  }
  CacheNodeSpec Plan() const { return *PlanCluster(observed_).nodes.at("a"); }

  const LabelSelector serving_{.match_labels = {{"tier", "serving"}}};
  ClusterObserved observed_;
};

TEST_F(PlanNamespacesTest, TheNewestBeyondWhatAnEntryCanNameAreRefusedWithTheReason) {
  ModelCache cache = MakeCache("m");
  cache.spec.allowed_namespaces = AllowedNamespaces{serving_};
  cache.status.revision.current = {"c", Digest::Of("m").ToString(), 1};
  observed_.caches = {std::make_shared<const ModelCache>(cache)};
  CacheNode node;
  node.metadata = {.name = "a", .owner_references = {{"v1", "Node", "a", "a"}}};
  node.status.wanted = {{.cache = "m", .pod_namespace = "n0"}};
  observed_.cache_nodes = {std::make_shared<const CacheNode>(node)};
  const CacheNodeSpec spec = Plan();
  ASSERT_EQ(spec.caches.size(), 1U);
  const auto& names = spec.caches[0].namespaces;
  EXPECT_EQ(names.size(), kMaxNamespaces);
  EXPECT_TRUE(std::is_sorted(names.begin(), names.end()));
  EXPECT_EQ(std::count(names.begin(), names.end(), "n0"), 0);
  ASSERT_EQ(spec.refused.size(), 1U);
  EXPECT_EQ(spec.refused[0].reason, "InvalidSpec");
  EXPECT_THAT(spec.refused[0].message, testing::HasSubstr("selects 1025 namespaces, and a node can be told 1024"));
}

TEST_F(PlanNamespacesTest, ATenantOfMoreThanAListCanNameIsSeveral) {
  CachePolicy policy;
  policy.metadata.name = "p";
  TenantSpec tenant{.namespace_selector = serving_, .quota_per_node = 7, .sources = {"hf://org/*"}};
  policy.spec.tenants = {tenant, TenantSpec{}};
  observed_.policies = {std::make_shared<const CachePolicy>(policy)};
  const auto tenants = Plan().policy.tenants;
  ASSERT_EQ(tenants.size(), 3U);
  EXPECT_EQ(tenants[0].namespaces.size(), kMaxNamespaces);
  EXPECT_EQ(tenants[1].namespaces, std::vector<std::string>{"n999"});
  EXPECT_EQ(tenants[1].sources, tenants[0].sources);
  EXPECT_EQ(tenants[1].quota_bytes, 7U);
  EXPECT_EQ(tenants[2].namespaces, std::vector<std::string>{"*"}) << "nobody becomes a later tenant's";
}

TEST_F(PlanNamespacesTest, ThereAreNeverMoreTenantsThanAListCanHave) {
  CachePolicy policy;
  policy.metadata.name = "p";
  policy.spec.tenants.assign(kMaxTenants, TenantSpec{.namespace_selector = serving_});
  observed_.policies = {std::make_shared<const CachePolicy>(policy)};
  EXPECT_EQ(Plan().policy.tenants.size(), kMaxTenants);
}

// Nodes a, b and c; model m of 4 GiB, of namespace team, may have 10 GiB of them all, by its own quota or the tenant's.
class PlanTotalsTest : public testing::TestWithParam<Reason> {
 protected:
  static constexpr uint64_t kGiB = uint64_t{1} << 30;

  PlanTotalsTest() {
    for (const char* name : {"a", "b", "c"}) {
      observed_.nodes.push_back(std::make_shared<const NodeFacts>(NodeFacts{.name = name, .uid = name, .ready = true}));
      observed_.agents.insert(name);
      CacheNode& node = nodes_.emplace_back();
      node.metadata.name = name;
      node.metadata.owner_references = {{"v1", "Node", name, name}};
    }
    observed_.namespaces.push_back(std::make_shared<const NamespaceFacts>(NamespaceFacts{"team", {{"name", "team"}}}));
    cache_.cluster_scoped = false;
    cache_.metadata.object_namespace = "team";
    cache_.status.revision.current = {"c", Digest::Of("m").ToString(), 4 * kGiB};
    TenantSpec tenant{.namespace_selector = {.match_labels = {{"name", "team"}}}};
    if (GetParam() == Reason::kTenantQuotaExceeded) {
      tenant.quota_total = 10 * kGiB;
    } else {
      cache_.spec.gc.cluster_quota = 10 * kGiB;
    }
    CachePolicy policy;
    policy.metadata.name = "p";
    policy.spec.tenants = {tenant};
    observed_.policies.push_back(std::make_shared<const CachePolicy>(policy));
  }

  // Nodes are told what is planned.
  CacheDecision Plan() {
    observed_.cache_nodes.clear();
    for (const CacheNode& node : nodes_) observed_.cache_nodes.push_back(std::make_shared<const CacheNode>(node));
    observed_.caches = {std::make_shared<const ModelCache>(cache_)};
    const Placement plan = PlanCluster(observed_);
    for (CacheNode& node : nodes_) node.spec = *plan.nodes.at(node.metadata.name);
    return plan.caches.at("team/m");
  }
  static void Asks(CacheNode& node) { node.status.wanted = {{.cache = "team/m", .pod_namespace = "team"}}; }
  void Says(CacheNode& node, CachePhase phase, Reason reason = Reason::kServing) {
    node.status.wanted.clear();
    node.status.caches = {{.cache = "team/m",
                           .manifest = cache_.status.revision.current.manifest,
                           .phase = phase,
                           .reason = std::string(NameOf(reason))}};
  }
  // Of the nodes that list it.
  std::string Listed() const {
    std::string names;
    for (const CacheNode& node : nodes_) names += node.spec.caches.empty() ? "" : node.metadata.name;
    return names;
  }
  void ExpectRefused(const CacheNode& node) const {
    ASSERT_EQ(node.spec.refused.size(), 1U);
    EXPECT_EQ(node.spec.refused[0].reason, NameOf(GetParam()));
    EXPECT_THAT(node.spec.refused[0].message, testing::HasSubstr("8.0 GiB of 10.0 GiB"));
  }

  ClusterObserved observed_;
  std::vector<CacheNode> nodes_;
  ModelCache cache_ = MakeCache("m");
};

TEST_P(PlanTotalsTest, AsManyNodesAsFitAreWarmAndTheOthersAreNamed) {
  const CacheDecision decision = Plan();
  EXPECT_EQ(Listed(), "ab");
  ASSERT_TRUE(decision.quota);
  EXPECT_EQ(decision.quota->reason, GetParam());
  EXPECT_THAT(decision.quota->message, testing::HasSubstr("8.0 GiB of 10.0 GiB"));
  EXPECT_EQ(decision.refused, 1);
}

TEST_P(PlanTotalsTest, WhatPodsAskForAtOnceIsCounted) {
  cache_.spec.nodes.reset();
  for (CacheNode& node : nodes_) Asks(node);
  for (int round = 0; round < 2; ++round) {  // the second before any agent has said a word
    Plan();
    EXPECT_EQ(Listed(), "ab");
    ExpectRefused(nodes_[2]);
  }
}

TEST_P(PlanTotalsTest, WhatPodsHaveBroughtIsCountedUntilItIsEvicted) {
  cache_.spec.nodes.reset();
  Asks(nodes_[0]);
  Asks(nodes_[1]);
  Plan();
  Says(nodes_[0], CachePhase::kReady);
  Says(nodes_[1], CachePhase::kDownloading);
  Asks(nodes_[2]);
  Plan();
  EXPECT_EQ(Listed(), "ab");
  ExpectRefused(nodes_[2]);
  Says(nodes_[1], CachePhase::kWaiting, Reason::kOnDemand);
  Plan();
  EXPECT_EQ(Listed(), "abc");
}

TEST_P(PlanTotalsTest, WhatPodsHaveBroughtIsCountedOnceWhenItIsWantedThere) {
  cache_.spec.nodes.reset();
  Asks(nodes_[2]);
  Plan();
  Says(nodes_[2], CachePhase::kReady);
  cache_.spec.nodes.emplace();
  for (int round = 0; round < 2; ++round) {
    Plan();
    EXPECT_EQ(Listed(), "ac");
    EXPECT_TRUE(nodes_[2].spec.caches[0].pinned);
  }
}

TEST_P(PlanTotalsTest, WhatANodeHasOfACacheThatCannotBeReadStaysAndHasItsRoom) {
  const CacheEntry entry{
      .cache = "newer", .manifest = Digest::Of("newer").ToString(), .source = "hf://org/newer@c", .pinned = true};
  CacheNode& full = nodes_[0];
  full.spec.caches = {entry};
  full.status.caches = {{.cache = "newer", .manifest = entry.manifest, .phase = CachePhase::kReady, .bytes = 7 * kGiB}};
  full.status.disk.quota_bytes = 10 * kGiB;
  observed_.unread_caches = {"newer"};
  for (int round = 0; round < 2; ++round) {
    Plan();
    EXPECT_EQ(full.spec.caches, std::vector<CacheEntry>{entry});
    EXPECT_EQ(Listed(), "abc");
  }
  observed_.unread_caches.clear();
  Plan();
  EXPECT_NE(full.spec.caches, std::vector<CacheEntry>{entry}) << "it is gone";
}

TEST_P(PlanTotalsTest, WhatASuspendedCacheKeepsIsCountedAlsoWhenItGoesOn) {
  cache_.spec.nodes.reset();
  Asks(nodes_[0]);
  Asks(nodes_[1]);
  Plan();
  Says(nodes_[0], CachePhase::kReady);
  Says(nodes_[1], CachePhase::kReady);
  for (const bool suspend : {true, true, false, false}) {
    cache_.spec.suspend = suspend;
    nodes_[2].status.wanted.clear();
    if (!suspend) Asks(nodes_[2]);
    Plan();
    EXPECT_EQ(Listed(), "ab");
    EXPECT_EQ(nodes_[0].spec.caches[0].pinned, suspend);
  }
  ExpectRefused(nodes_[2]);
}

TEST_P(PlanTotalsTest, WhatASuspendedCacheKeepsTakesRoomFromOthersOfItsTenant) {
  if (GetParam() != Reason::kTenantQuotaExceeded) return;
  Plan();
  for (CacheNode& node : nodes_) Says(node, CachePhase::kReady);
  cache_.spec.suspend = true;
  ModelCache other = cache_;
  other.metadata.name = "other";
  other.spec.suspend = false;
  for (int round = 0; round < 2; ++round) {
    Plan();
    observed_.caches.push_back(std::make_shared<const ModelCache>(other));
    EXPECT_EQ(PlanCluster(observed_).caches.at("team/other").refused, 3);
  }
}

INSTANTIATE_TEST_SUITE_P(Of, PlanTotalsTest,
                         testing::Values(Reason::kClusterQuotaExceeded, Reason::kTenantQuotaExceeded),
                         [](const auto& quota) { return std::string(NameOf(quota.param)); });

}  // namespace
}  // namespace ballast::controller
