#include "operator/caches/cache_reconciler.h"

#include <algorithm>

#include "base/strings.h"
#include "operator/caches/cache_status.h"
#include "operator/caches/revisions.h"

namespace ballast::controller {
namespace {

bool HasFinalizer(const ModelCache& cache) {
  const auto& all = cache.metadata.finalizers;
  return std::find(all.begin(), all.end(), kCacheFinalizer) != all.end();
}

// Nobody is waited for but our own writes: the nodes are told to let go.
CachePlan Finish(const CacheObserved& observed) {
  if (!HasFinalizer(observed.cache)) return {};
  const auto& decision = observed.decision;
  if (!decision || !decision->deleted || decision->listed > 0) return {};
  return {.actions = {RemoveFinalizer{}}};
}

void Sooner(CachePlan& plan, Duration wait) {
  plan.requeue_after = plan.requeue_after ? std::min(*plan.requeue_after, wait) : wait;
}

void PlanQuestion(const CacheObserved& observed, const RevisionStatus& revision, CachePlan& plan) {
  const std::optional<Duration> wait = AskIn(observed, revision);
  if (!wait) return;
  if (*wait == Duration::zero()) {
    plan.actions.emplace_back(AskOrigin{RequestOf(observed.cache)});
  } else {
    Sooner(plan, *wait);
  }
}

bool IsTrue(const ModelCacheStatus& status, ConditionType type) {
  const Condition* found = FindCondition(status.conditions, type);
  return found != nullptr && found->status == ConditionStatus::kTrue;
}

void PlanEvents(const ModelCacheStatus& before, const ModelCacheStatus& after, bool promoted, CachePlan& plan) {
  if (promoted) {
    plan.actions.emplace_back(EmitEvent{false, "RevisionCurrent", "Update",
                                        StrCat("pods that name no revision get ", after.revision.current.commit)});
  }
  const auto became = [&](ConditionType type) { return !IsTrue(before, type) && IsTrue(after, type); };
  const auto say = [&](ConditionType type, bool warning, const char* reason) {
    if (!became(type)) return;
    plan.actions.emplace_back(EmitEvent{warning, reason, "Prewarm", FindCondition(after.conditions, type)->message});
  };
  say(ConditionType::kReady, false, "Ready");
  say(ConditionType::kDegraded, true, "Degraded");
  say(ConditionType::kSourceDrifted, true, "SourceDrifted");
  say(ConditionType::kQuotaExceeded, true, "QuotaExceeded");
  say(ConditionType::kSecretNotReadable, true, "SecretNotReadable");
}

// Kinds at once, figures now and then.
void PlanStatus(const CacheObserved& observed, ModelCacheStatus status, bool promoted, CachePlan& plan) {
  const ModelCacheStatus& before = observed.cache.status;
  if (DiffersInKind(before, status)) {
    PlanEvents(before, status, promoted, plan);
    plan.status = std::move(status);
    return;
  }
  if (!DiffersInFigures(before, status)) return;
  const auto due = observed.status_written ? *observed.status_written + kStatusEvery : observed.now;
  if (due > observed.now) return Sooner(plan, due - observed.now);
  plan.status = std::move(status);
}

}  // namespace

CachePlan ReconcileCache(const CacheObserved& observed) {
  if (observed.cache.metadata.deletion_timestamp) return Finish(observed);
  if (!HasFinalizer(observed.cache)) return {.actions = {AddFinalizer{}}};
  CachePlan plan;
  ModelCacheStatus status = observed.cache.status;
  status.observed_generation = observed.cache.metadata.generation.value_or(0);
  TakeAnswer(observed, status.revision);
  const bool promoted = Promote(observed, status.revision);
  TrimPrevious(observed, status.revision);
  FillFigures(observed, status);
  FillConditions(observed, status);
  PlanQuestion(observed, status.revision, plan);
  PlanStatus(observed, std::move(status), promoted, plan);
  return plan;
}

}  // namespace ballast::controller
