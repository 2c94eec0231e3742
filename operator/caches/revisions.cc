#include "operator/caches/revisions.h"

#include <algorithm>

namespace ballast::controller {
namespace {

constexpr size_t kMaxPrevious = 10;
constexpr std::chrono::seconds kFirstRetry{5};
constexpr std::chrono::seconds kFirstRetryOfPeople{30};  // a person has to do something first
constexpr int kMaxDoublings = 6;

RevisionRecord RecordOf(const ResolveAnswer& answer) {
  const ResolvedRevision& found = *answer.revision;
  return {found.commit, found.manifest, found.bytes, found.files, answer.at};
}

Duration RetryAfter(const ResolveAnswer& answer, Duration most) {
  const bool network = answer.failure.reason == Reason::kOriginUnreachable;
  const Duration first = network ? kFirstRetry : kFirstRetryOfPeople;
  return std::min<Duration>(first * (1 << std::min(answer.failures - 1, kMaxDoublings)), most);
}

Duration Left(Timestamp since, Duration wait, Timestamp now) {
  return std::max<Duration>(since + wait - now, Duration::zero());
}

bool IsMissing(const RevisionStatus& revision, const ResolveRequest& request) {
  return revision.current.manifest.empty() || revision.requested != RequestText(request);
}

}  // namespace

const ResolveAnswer* AnswerTo(const CacheObserved& observed, const ResolveRequest& request) {
  const auto& answer = observed.resolve.answer;
  return answer && answer->request == request ? &*answer : nullptr;
}

std::optional<ResolvedRevision> KnownRevision(const RevisionStatus& revision, const ResolveRequest& request) {
  if (IsMissing(revision, request)) return std::nullopt;
  const RevisionRecord& latest = revision.next ? *revision.next : revision.current;
  return ResolvedRevision{latest.commit, latest.manifest, latest.bytes, latest.files};
}

void TakeAnswer(const CacheObserved& observed, RevisionStatus& revision) {
  const ResolveRequest request = RequestOf(observed.cache);
  const ResolveAnswer* answer = AnswerTo(observed, request);
  if (answer == nullptr || !answer->revision) return;
  const RevisionRecord record = RecordOf(*answer);
  const bool asked_for = revision.requested != RequestText(request);
  const bool follows = observed.cache.spec.update_policy.type == UpdateType::kAutomatic;
  if (revision.current.manifest.empty()) {
    revision.current = record;
  } else if (record.manifest == revision.current.manifest) {
    if (asked_for || follows) revision.next.reset();
  } else if (asked_for || follows) {
    if (!revision.next || revision.next->manifest != record.manifest) revision.next = record;
  }
  revision.requested = RequestText(request);
}

bool Promote(const CacheObserved& observed, RevisionStatus& revision) {
  const auto& decision = observed.decision;
  if (!revision.next || !decision || decision->next != revision.next->manifest) return false;
  // A node that may have no copy at all keeps nobody else from the new revision.
  const int32_t receiving = decision->nodes.desired - decision->refused;
  if (decision->next_ready < receiving || observed.cache.spec.suspend) return false;
  revision.previous.insert(revision.previous.begin(), revision.current);
  revision.current = *revision.next;
  revision.next.reset();
  return true;
}

void TrimPrevious(const CacheObserved& observed, RevisionStatus& revision) {
  std::vector<RevisionRecord> kept;
  const auto others = static_cast<size_t>(observed.cache.spec.gc.keep_revisions - 1);
  size_t seen = 0;
  for (const RevisionRecord& record : revision.previous) {
    if (record.manifest == revision.current.manifest || kept.size() == kMaxPrevious) continue;
    if (seen++ < others || observed.volumes.manifests.contains(record.manifest)) kept.push_back(record);
  }
  revision.previous = std::move(kept);
}

std::optional<Duration> AskIn(const CacheObserved& observed, const RevisionStatus& revision) {
  const ResolveRequest request = RequestOf(observed.cache);
  if (observed.cache.spec.suspend || observed.resolve.asking == request) return std::nullopt;
  const ResolveAnswer* answer = AnswerTo(observed, request);
  if (answer != nullptr && !answer->revision) {
    return Left(answer->at, RetryAfter(*answer, observed.poll), observed.now);
  }
  if (answer == nullptr && IsMissing(revision, request)) return Duration::zero();
  if (!CanMove(request)) return std::nullopt;
  const Timestamp asked = answer != nullptr ? answer->at : revision.current.resolved_at.value_or(Timestamp());
  return Left(asked, observed.poll, observed.now);
}

}  // namespace ballast::controller
