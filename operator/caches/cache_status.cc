#include "operator/caches/cache_status.h"

#include <algorithm>

#include "base/strings.h"
#include "operator/caches/revisions.h"

namespace ballast::controller {
namespace {

constexpr uint64_t kPercent = 100;
constexpr size_t kShownDigits = 8;
constexpr std::string_view kDigestPrefix = "sha256:";

int32_t PercentOf(uint64_t done, uint64_t all) {
  if (all == 0) return 0;
  return static_cast<int32_t>(std::min<uint64_t>(done / std::max<uint64_t>(all / kPercent, 1), kPercent));
}

bool IsComplete(const CacheDecision& decision) {
  return decision.bytes_wanted > 0 && decision.bytes_ready == decision.bytes_wanted && decision.refused == 0 &&
         decision.waiting == 0;
}

// Never 100 before it is all there.
int32_t Percent(const CacheDecision& decision, uint64_t done) {
  if (IsComplete(decision)) return kPercent;
  return std::min<int32_t>(PercentOf(decision.bytes_ready + done, decision.bytes_wanted), kPercent - 1);
}

void FillProgress(const CacheObserved& observed, ProgressStatus& progress) {
  const CacheDecision& decision = *observed.decision;
  const CacheProgress agents = observed.progress.value_or(CacheProgress());
  const uint64_t missing = decision.bytes_wanted - std::min(decision.bytes_wanted, decision.bytes_ready);
  progress = {.percent = Percent(decision, agents.bytes_done)};
  if (missing == 0) return;
  progress.bytes_per_second = agents.bytes_per_second;
  if (agents.bytes_per_second == 0) return;
  const uint64_t left = missing - std::min(missing, agents.bytes_done);
  progress.estimated_completion_time =
      observed.now + std::chrono::seconds(static_cast<int64_t>(left / agents.bytes_per_second));
}

std::string ShownCommit(const std::string& commit) {
  std::string_view text = commit;
  if (text.starts_with(kDigestPrefix)) text.remove_prefix(kDigestPrefix.size());
  return std::string(text.substr(0, kShownDigits));
}

bool IsOnDemand(const ModelCache& cache) {
  return !cache.spec.nodes && (!cache.spec.seeds || cache.spec.seeds->count == 0);
}

ModelCacheSummary Summarize(const CacheObserved& observed, const ModelCacheStatus& status) {
  ModelCacheSummary summary;
  if (status.revision.current.manifest.empty()) return summary;
  summary.revision = ShownCommit(status.revision.current.commit);
  summary.size = FormatBytes(status.revision.current.bytes);
  if (IsOnDemand(observed.cache)) {
    summary.ready = "on demand";
    return summary;
  }
  summary.ready = StrCat(status.nodes.ready, "/", status.nodes.desired);
  const bool sampled = observed.progress && observed.progress->sampled;
  summary.progress = StrCat(sampled ? "~" : "", status.progress.percent, "%");
  return summary;
}

// What the conditions are made from.
class Conditions {
 public:
  Conditions(const CacheObserved& observed, ModelCacheStatus& status)
      : observed_(observed),
        status_(status),
        request_(RequestOf(observed.cache)),
        answer_(AnswerTo(observed, request_)),
        decision_(observed.decision.value_or(CacheDecision())) {}

  void Fill() {
    if (observed_.decision) FillNodes();
    FillProgressing();
    FillDegraded();
    FillDrift();
    if (observed_.decision) FillQuota();
    request_.token ? FillSecret() : Drop(ConditionType::kSecretNotReadable);
  }

 private:
  void Set(ConditionType type, ConditionStatus value, Reason reason, std::string message = "") {
    if (message.empty()) message = TextOf(reason);
    SetCondition(status_.conditions, type, value, reason, std::move(message),
                 observed_.cache.metadata.generation.value_or(0), observed_.now);
  }

  void Drop(ConditionType type) {
    std::erase_if(status_.conditions, [&](const Condition& one) { return one.type == NameOf(type); });
  }

  bool IsResolved() const { return !status_.revision.current.manifest.empty(); }
  bool HasFailed() const { return answer_ != nullptr && !answer_->revision; }
  const ResolveFailure& failure() const { return answer_->failure; }
  // One of the failures is for condition SecretNotReadable alone to show in full.
  std::string FailureText() const {
    if (failure().reason != Reason::kSecretNotReadable) return failure().message;
    return std::string(TextOf(Reason::kSecretNotReadable));
  }

  void FillNodes() {
    using enum ConditionStatus;
    const NodeCounts& nodes = status_.nodes;
    if (decision_.copies > 0) {
      Set(ConditionType::kAvailable, kTrue, Reason::kServing);
    } else {
      Set(ConditionType::kAvailable, kFalse, Reason::kNoCopy);
    }
    if (observed_.cache.spec.suspend) return Set(ConditionType::kReady, kFalse, Reason::kSuspended);
    if (!IsResolved()) return SetUnresolved();
    if (IsOnDemand(observed_.cache)) return Set(ConditionType::kReady, kTrue, Reason::kOnDemand);
    if (nodes.ready >= nodes.desired && nodes.desired > 0) {
      return Set(ConditionType::kReady, kTrue, Reason::kNodesWarm, StrCat("all of ", nodes.desired, " nodes have it"));
    }
    if (nodes.desired == 0) return Set(ConditionType::kReady, kFalse, Reason::kNodesWarming, NoNodes());
    const Reason reason = nodes.failed > 0 ? Reason::kNodesFailed : Reason::kNodesWarming;
    Set(ConditionType::kReady, kFalse, reason, StrCat(nodes.ready, " of ", nodes.desired, " nodes have it", Waiting()));
  }

  std::string NoNodes() const {
    if (status_.nodes.excluded == 0) return "no node has the labels that nodes.selector asks for";
    return StrCat("all ", status_.nodes.excluded,
                  " nodes of the selector are excluded: cordoned, not ready or too small");
  }
  std::string Waiting() const {
    return decision_.waiting == 0 ? "" : StrCat("; ", decision_.waiting, " wait for their turn (maxParallel)");
  }

  void SetUnresolved() {
    if (HasFailed()) return Set(ConditionType::kReady, ConditionStatus::kFalse, failure().reason, FailureText());
    Set(ConditionType::kReady, ConditionStatus::kFalse, Reason::kResolving);
  }

  void FillProgressing() {
    using enum ConditionStatus;
    if (observed_.cache.spec.suspend) return Set(ConditionType::kProgressing, kFalse, Reason::kSuspended);
    if (!IsResolved() && !HasFailed()) return Set(ConditionType::kProgressing, kTrue, Reason::kResolving);
    if (!observed_.decision) return;
    const bool moving = decision_.bytes_ready < decision_.bytes_wanted;
    moving ? Set(ConditionType::kProgressing, kTrue, Reason::kDownloading)
           : Set(ConditionType::kProgressing, kFalse, Reason::kUpToDate);
  }

  void FillDegraded() {
    using enum ConditionStatus;
    // A revision that is gone harms nobody who has it: SourceDrifted says so.
    if (HasFailed() && !IsGone()) return Set(ConditionType::kDegraded, kTrue, failure().reason, FailureText());
    if (IsResolved() && decision_.namespaces) {
      return Set(ConditionType::kDegraded, kTrue, decision_.namespaces->reason, decision_.namespaces->message);
    }
    if (status_.nodes.failed > 0) {
      return Set(
          ConditionType::kDegraded, kTrue, Reason::kNodesFailed,
          StrCat(status_.nodes.failed, " of ", status_.nodes.desired, " nodes failed; status.failures names them"));
    }
    Set(ConditionType::kDegraded, kFalse, Reason::kUpToDate);
  }

  bool IsGone() const { return IsResolved() && HasFailed() && failure().reason == Reason::kSourceNotFound; }

  void FillDrift() {
    using enum ConditionStatus;
    if (IsGone()) return Set(ConditionType::kSourceDrifted, kTrue, Reason::kRevisionGone, failure().message);
    if (answer_ == nullptr || !answer_->revision) {
      if (FindCondition(status_.conditions, ConditionType::kSourceDrifted) != nullptr) return;  // as it was last seen
      return Set(ConditionType::kSourceDrifted, kFalse, Reason::kUpToDate);
    }
    const ResolvedRevision& found = *answer_->revision;
    const auto& next = status_.revision.next;
    const bool known =
        found.manifest == status_.revision.current.manifest || (next && next->manifest == found.manifest);
    if (known) return Set(ConditionType::kSourceDrifted, kFalse, Reason::kUpToDate);
    Set(ConditionType::kSourceDrifted, kTrue, Reason::kRevisionMoved,
        StrCat(RequestText(request_), " is ", found.commit, " now, and nodes hold ", status_.revision.current.commit,
               "; to have the new one, put it in source.revision or set updatePolicy.type: Automatic"));
  }

  void FillQuota() {
    if (!decision_.quota) return Set(ConditionType::kQuotaExceeded, ConditionStatus::kFalse, Reason::kWithinQuota);
    const std::string nodes = decision_.refused > 1 ? StrCat(" (", decision_.refused, " nodes)") : "";
    Set(ConditionType::kQuotaExceeded, ConditionStatus::kTrue, decision_.quota->reason,
        decision_.quota->message + nodes);
  }

  void FillSecret() {
    using enum ConditionStatus;
    if (answer_ == nullptr) return;
    const bool secret =
        HasFailed() && (failure().reason == Reason::kSecretNotReadable || failure().reason == Reason::kSecretNotFound);
    if (secret) return Set(ConditionType::kSecretNotReadable, kTrue, failure().reason, failure().message);
    Set(ConditionType::kSecretNotReadable, kFalse, Reason::kSecretReadable);
  }

  const CacheObserved& observed_;
  ModelCacheStatus& status_;
  const ResolveRequest request_;
  const ResolveAnswer* const answer_;
  const CacheDecision decision_;
};

struct Kind {
  std::string type;
  ConditionStatus status;
  std::string reason;
  friend bool operator==(const Kind&, const Kind&) = default;
};

std::vector<Kind> KindsOf(const std::vector<Condition>& conditions) {
  std::vector<Kind> kinds;
  kinds.reserve(conditions.size());
  for (const Condition& one : conditions) kinds.push_back({one.type, one.status, one.reason});
  return kinds;
}

}  // namespace

void FillFigures(const CacheObserved& observed, ModelCacheStatus& status) {
  if (observed.decision) {
    status.nodes = observed.decision->nodes;
    status.failures = observed.decision->failures;
    FillProgress(observed, status.progress);
  }
  status.volumes.bound = observed.volumes.bound;
  status.volumes.examples = observed.volumes.examples;
  if (observed.progress) status.volumes.mounted = observed.progress->mounts;
  status.summary = Summarize(observed, status);
}

void FillConditions(const CacheObserved& observed, ModelCacheStatus& status) { Conditions(observed, status).Fill(); }

bool DiffersInKind(const ModelCacheStatus& a, const ModelCacheStatus& b) {
  return a.observed_generation != b.observed_generation || a.revision != b.revision ||
         a.volumes.bound != b.volumes.bound || KindsOf(a.conditions) != KindsOf(b.conditions);
}

bool DiffersInFigures(const ModelCacheStatus& a, const ModelCacheStatus& b) {
  ModelCacheStatus same_rate = a;
  same_rate.progress.bytes_per_second = b.progress.bytes_per_second;
  same_rate.progress.estimated_completion_time = b.progress.estimated_completion_time;
  // The generation of a condition alone is no news.
  for (size_t i = 0; i < std::min(a.conditions.size(), b.conditions.size()); ++i) {
    same_rate.conditions[i].observed_generation = b.conditions[i].observed_generation;
  }
  return same_rate != b;
}

}  // namespace ballast::controller
