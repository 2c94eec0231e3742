// The leader's work on a cluster in memory, a step at a time: tests act as users, nodes' agents and the hub.
#pragma once

#include <gtest/gtest.h>
#include <prometheus/registry.h>

#include <map>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "base/strings.h"
#include "base/testing/fake_clock.h"
#include "operator/cache_task.h"
#include "operator/testing/cluster.h"

namespace ballast::controller {

// A hub that knows revisions of models: commit and bytes.
class FakeRevisions {
 public:
  void Put(const std::string& ref, const std::string& commit, uint64_t bytes) {
    MutexLock lock(mutex_);
    answers_.insert_or_assign(ref, Result<ResolvedRevision>(ResolvedRevision{commit, Manifest(commit), bytes, 3}));
  }
  void Fail(const std::string& ref, const Status& error) {
    MutexLock lock(mutex_);
    answers_.insert_or_assign(ref, Result<ResolvedRevision>(error));
  }
  static std::string Manifest(const std::string& commit) { return Digest::Of(commit).ToString(); }

  Result<ResolvedRevision> Ask(const RevisionQuestion& question) {
    MutexLock lock(mutex_);
    tokens_.push_back(question.token);
    known_.push_back(question.known);
    const std::string ref = question.request.ref.ToString();
    const auto found = answers_.find(ref);
    if (found == answers_.end()) return NotFound(StrCat("no repository ", ref));
    return found->second;
  }
  // Of each question, what was known already.
  std::vector<std::optional<ResolvedRevision>> known() const {
    MutexLock lock(mutex_);
    return known_;
  }
  std::vector<std::string> tokens() const {
    MutexLock lock(mutex_);
    return tokens_;
  }

 private:
  mutable Mutex mutex_;
  std::map<std::string, Result<ResolvedRevision>> answers_ GUARDED_BY(mutex_);
  std::vector<std::string> tokens_ GUARDED_BY(mutex_);
  std::vector<std::optional<ResolvedRevision>> known_ GUARDED_BY(mutex_);
};

// Events are written when their own thread comes to it: they count for nothing here.
inline bool IsWrite(const FakeCall& call) {
  const bool reads = call.verb == KubeVerb::kGet || call.verb == KubeVerb::kList || call.verb == KubeVerb::kWatch;
  return !reads && call.resource.plural != kEvents.plural;
}

class OperatorFixture : public testing::Test {
 protected:
  OperatorFixture() { ServeCluster(client_); }
  ~OperatorFixture() override {
    task_.reset();
    view_.reset();
  }

  // The view is in sync, and a leader has begun.
  void Lead() {
    if (view_ == nullptr) {
      view_ = std::make_unique<ClusterView>(client_, ClusterViewOptions{});
      view_->Start();
      ASSERT_TRUE(view_->AwaitSync({}));
    }
    task_ = MakeTask(*view_, registry_);
    task_->Begin();
    Settle();
  }

  std::unique_ptr<CacheTask> MakeTask(ClusterView& view, prometheus::Registry& registry) {
    const LeaderContext context{client_, view, clock_, events_, registry, config_, "ballast-system"};
    return std::make_unique<CacheTask>(
        context, [this](const RevisionQuestion& question, const auto&) { return hub_.Ask(question); });
  }

  // Until nothing is left to do: every watch has told, every controller is idle, also after a few pauses.
  void Settle() {
    for (int quiet = 0; quiet < 4;) {
      client_.AwaitWatches(watches_);
      while (task_->outstanding() > 0) std::this_thread::yield();  // the resolver has threads of its own
      const int worked = task_->Drain();
      quiet = worked == 0 ? quiet + 1 : 0;
      clock_.Advance(std::chrono::milliseconds(60));
    }
  }
  void Pass(Duration time) {
    clock_.Advance(time);
    Settle();
  }

  Json Create(const KubeResource& resource, const Json& object) {
    const auto created = client_.Create(resource, object, {});
    EXPECT_TRUE(created.ok()) << created.status();
    return created.ok() ? *created : Json();
  }
  void AddNodes(const std::vector<std::string>& names, const Labels& labels = {}) {
    for (const std::string& name : names) Create(kNodes, MakeNode({.name = name, .labels = labels}));
    Create(kEndpointSlices, MakeAgentSlice(StrCat("agents-", names.front()), names));
  }
  void Apply(const ModelCache& cache) {
    Create(cache.cluster_scoped ? kClusterModelCaches : kModelCaches, MakeCacheObject(cache));
  }

  ModelCache Cache(const std::string& name) {
    return *ModelCacheFromJson(*client_.Get(kClusterModelCaches, {"", name}, {}));
  }
  CacheNode NodeOf(const std::string& name) {
    const auto object = client_.Get(kCacheNodes, {"", name}, {});
    EXPECT_TRUE(object.ok()) << object.status();
    return object.ok() ? *CacheNodeFromJson(*object) : CacheNode();
  }
  static const CacheEntry* EntryOf(const CacheNode& node, const std::string& cache, const std::string& commit) {
    for (const CacheEntry& entry : node.spec.caches) {
      if (entry.cache == cache && entry.manifest == FakeRevisions::Manifest(commit)) return &entry;
    }
    return nullptr;
  }
  static ConditionStatus StatusOf(const ModelCache& cache, ConditionType type) {
    const Condition* condition = FindCondition(cache.status.conditions, type);
    return condition == nullptr ? ConditionStatus::kUnknown : condition->status;
  }
  static std::string ReasonOf(const ModelCache& cache, ConditionType type) {
    const Condition* condition = FindCondition(cache.status.conditions, type);
    return condition == nullptr ? "" : condition->reason;
  }
  static std::string MessageOf(const ModelCache& cache, ConditionType type) {
    const Condition* condition = FindCondition(cache.status.conditions, type);
    return condition == nullptr ? "" : condition->message;
  }

  // What the agent of `node` does: everything that is pinned is `phase`, what is not listed is forgotten.
  void AgentReports(const std::string& node, CachePhase phase = CachePhase::kReady, const std::string& message = "") {
    CacheNode object = NodeOf(node);
    CacheNodeStatus status = object.status;
    status.caches.clear();
    for (const CacheEntry& entry : object.spec.caches) {
      status.caches.push_back({.cache = entry.cache, .manifest = entry.manifest, .phase = phase, .message = message});
    }
    WriteStatus(object, status);
  }
  // Its pods ask for a cache.
  void AgentAsks(const std::string& node, const WantedCache& question) {
    CacheNode object = NodeOf(node);
    CacheNodeStatus status = object.status;
    status.wanted.push_back(question);
    WriteStatus(object, status);
  }
  void WriteStatus(CacheNode object, const CacheNodeStatus& status) {
    object.status = status;
    const Json patch = {{"status", ToJson(object)["status"]}};
    const auto written = client_.Patch(kCacheNodes, {"", object.metadata.name}, patch, Subresource::kStatus, {});
    EXPECT_TRUE(written.ok()) << written.status();
  }
  void PatchCache(const std::string& name, const Json& spec) {
    const auto written = client_.Patch(kClusterModelCaches, {"", name}, {{"spec", spec}}, Subresource::kNone, {});
    EXPECT_TRUE(written.ok()) << written.status();
  }

  int watches_ = 10;  // a view's
  FakeClock clock_;
  FakeKubeClient client_{clock_};
  prometheus::Registry registry_;
  EventRecorder events_{client_, clock_, {.controller = "ballast.dev/operator", .instance = "test"}};
  OperatorConfig config_;
  FakeRevisions hub_;
  std::unique_ptr<ClusterView> view_;
  std::unique_ptr<CacheTask> task_;
};

}  // namespace ballast::controller
