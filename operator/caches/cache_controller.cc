#include "operator/caches/cache_controller.h"

#include <algorithm>
#include <utility>

#include "operator/caches/cache_name.h"
#include "operator/merge_diff.h"

namespace ballast::controller {
namespace {

constexpr size_t kMaxExamples = 10;

template <typename... F>
struct Match : F... {
  using F::operator()...;
};
template <typename... F>
Match(F...) -> Match<F...>;  // clang 14 makes none by itself

const KubeResource& ResourceOf(const ModelCache& cache) {
  return cache.cluster_scoped ? kClusterModelCaches : kModelCaches;
}

CacheVolumes VolumesOf(const std::string& name, const std::vector<std::shared_ptr<const VolumeFacts>>& all) {
  CacheVolumes volumes;
  for (const auto& volume : all) {
    if (volume->cache != name || volume->released) continue;
    ++volumes.bound;
    if (!volume->claim.empty()) volumes.examples.push_back(volume->claim);
    if (!volume->manifest.empty()) volumes.manifests.insert(volume->manifest);
  }
  std::sort(volumes.examples.begin(), volumes.examples.end());
  if (volumes.examples.size() > kMaxExamples) volumes.examples.resize(kMaxExamples);
  return volumes;
}

Timestamp SecondsOf(const Clock& clock) { return std::chrono::floor<std::chrono::seconds>(clock.Now()); }

// The object is gone, and with it what was to be done.
Status IgnoreMissing(const Status& status) { return status.code() == StatusCode::kNotFound ? OkStatus() : status; }

}  // namespace

CacheController::CacheController(const Parts& parts)
    : parts_(parts),
      controller_("caches", parts.clock,
                  [this](const std::string& name, const std::stop_token& stop) { return Reconcile(name, stop); }),
      resolver_({.client = parts.client,
                 .clock = parts.clock,
                 .source = parts.source,
                 .operator_ns = parts.operator_ns,
                 .on_answer = [this](const std::string& cache) { controller_.Add(cache); }}) {}

CacheObserved CacheController::Observe(const std::string& name, const ModelCache& cache) const {
  CacheObserved observed{.cache = cache,
                         .resolve = resolver_.StateOf(name),
                         .progress = parts_.progress.Of(name),
                         .volumes = VolumesOf(name, parts_.view.volumes().List()),
                         .poll = parts_.poll,
                         .now = SecondsOf(parts_.clock)};
  const auto board = parts_.board.Read();
  if (const auto found = board->caches.find(name); found != board->caches.end()) observed.decision = found->second;
  MutexLock lock(mutex_);
  if (const auto found = written_.find(name); found != written_.end()) observed.status_written = found->second;
  return observed;
}

Result<RequeueAfter> CacheController::Reconcile(const std::string& name, const std::stop_token& stop) {
  const auto cache = parts_.view.caches().Get(ParseCacheName(name));
  if (cache == nullptr) {
    Forget(name);
    return RequeueAfter();
  }
  const CachePlan plan = ReconcileCache(Observe(name, *cache));
  for (const CacheAction& action : plan.actions) RETURN_IF_ERROR(Execute(cache, action, stop));
  if (plan.status) RETURN_IF_ERROR(WriteStatus(cache, *plan.status, stop));
  return RequeueAfter(plan.requeue_after);
}

void CacheController::Forget(const std::string& name) {
  resolver_.Forget(name);
  MutexLock lock(mutex_);
  written_.erase(name);
}

Status CacheController::Execute(const std::shared_ptr<const ModelCache>& cache, const CacheAction& action,
                                const std::stop_token& stop) {
  std::vector<std::string> finalizers = cache->metadata.finalizers;
  return std::visit(Match{[&](const AddFinalizer&) {
                            finalizers.emplace_back(kCacheFinalizer);
                            return SetFinalizers(cache, finalizers, stop);
                          },
                          [&](const RemoveFinalizer&) {
                            std::erase(finalizers, kCacheFinalizer);
                            return SetFinalizers(cache, finalizers, stop);
                          },
                          [&](const AskOrigin& ask) {
                            resolver_.Ask(CacheNameOf(*cache), ask.request);
                            return OkStatus();
                          },
                          [&](const EmitEvent& event) {
                            parts_.events.Record({.regarding = RegardingOf(ToJson(*cache)),
                                                  .warning = event.warning,
                                                  .reason = event.reason,
                                                  .action = event.action,
                                                  .note = event.note});
                            return OkStatus();
                          }},
                    action);
}

Status CacheController::SetFinalizers(const std::shared_ptr<const ModelCache>& cache,
                                      const std::vector<std::string>& finalizers, const std::stop_token& stop) {
  const ObjectMeta& meta = cache->metadata;
  const Json patch = {
      {"metadata", {{"uid", meta.uid}, {"resourceVersion", meta.resource_version}, {"finalizers", finalizers}}}};
  const auto written = parts_.client.Patch(ResourceOf(*cache), ObjectNameOf(*cache), patch, Subresource::kNone, stop);
  if (written.ok() && !IsBeingDeleted(*written)) parts_.view.Learn(cache, *written);
  return IgnoreMissing(written.status());
}

Status CacheController::WriteStatus(const std::shared_ptr<const ModelCache>& cache, const ModelCacheStatus& status,
                                    const std::stop_token& stop) {
  ModelCache after = *cache;
  after.status = status;
  const Json patch = StatusPatch(ToJson(*cache), ToJson(after));
  const auto written = parts_.client.Patch(ResourceOf(*cache), ObjectNameOf(*cache), patch, Subresource::kStatus, stop);
  RETURN_IF_ERROR(IgnoreMissing(written.status()));
  if (written.ok()) parts_.view.Learn(cache, *written);
  MutexLock lock(mutex_);
  written_[CacheNameOf(*cache)] = SecondsOf(parts_.clock);
  return OkStatus();
}

}  // namespace ballast::controller
