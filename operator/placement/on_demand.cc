#include "operator/placement/on_demand.h"

#include <algorithm>

#include "base/strings.h"

namespace ballast::controller {
namespace {

// What a cache that was deleted with onDelete: Keep has left: nobody may mount it, the disk may take it back.
bool IsOrphan(const CacheEntry& entry) { return !entry.pinned && !entry.current && entry.namespaces.empty(); }

bool ListsManifest(const NodeRow& row, const std::string& manifest) {
  return std::any_of(row.entries.begin(), row.entries.end(),
                     [&](const PlannedEntry& entry) { return entry.manifest() == manifest; });
}

// Of no cache that there is: only what one left behind on purpose, until it is gone or somebody's again.
void KeepOrphan(NodeRow& row, const Held& held) {
  if (!held.Is(CachePhase::kReady) || ListsManifest(row, held.entry->manifest)) return;
  row.entries.push_back({.form = PlannedEntry::Form::kOrphan, .held = held.entry});
}

// For no new pod, which is told so when it asks, and not to be evicted; what is not whole is not fetched on.
void KeepSuspended(NodeRow& row, const Held& held) {
  if (!held.Is(CachePhase::kReady)) return;
  row.entries.push_back({.form = PlannedEntry::Form::kSuspended, .held = held.entry});
}

// The current and the next revision stay where a pod brought them; where they were pinned the plan has said no. An
// earlier one stays however it came.
bool StaysOnDemand(const CacheClaim& claim, const Held& held) {
  const std::string& manifest = held.entry->manifest;
  if (claim.Find(manifest) == nullptr) return false;
  const auto& next = claim.object->status.revision.next;
  const bool pinnable = manifest == claim.current().manifest || (next && next->manifest == manifest);
  return !pinnable || IsOnDemand(claim, held);
}

void KeepOne(NodeRow& row, const CacheClaim& claim, const Held& held) {
  if (claim.is_deleted()) {
    if (claim.object->spec.gc.on_delete == OnDelete::kKeep) KeepOrphan(row, held);
    return;
  }
  if (claim.object->spec.suspend) return KeepSuspended(row, held);
  if (!StaysOnDemand(claim, held)) return;
  row.entries.push_back({.priority = PriorityUnder(claim, row.policy.get()),
                         .claim = &claim,
                         .record = claim.Find(held.entry->manifest)});
}

bool Admits(const CacheClaim& claim, const std::string& pod_namespace) {
  return std::any_of(claim.namespaces.begin(), claim.namespaces.end(),
                     [&](const std::string& one) { return one == "*" || one == pod_namespace; });
}

bool IsUnlisted(const CacheClaim& claim, const std::string& pod_namespace) {
  return std::binary_search(claim.unlisted.begin(), claim.unlisted.end(), pod_namespace);
}

// Why there is no revision yet, as the cache's own status says it.
Problem WhyUnresolved(const CacheClaim& claim) {
  const auto& conditions = claim.object->status.conditions;
  const Condition* degraded = FindCondition(conditions, ConditionType::kDegraded);
  const auto& reasons = AllReasons();
  if (degraded != nullptr && degraded->status == ConditionStatus::kTrue) {
    const auto reason =
        std::find_if(reasons.begin(), reasons.end(), [&](Reason one) { return NameOf(one) == degraded->reason; });
    if (reason != reasons.end()) return {*reason, degraded->message};
  }
  return {Reason::kResolving, StrCat("the hub is being asked for ", claim.object->spec.source.Ref().ToString())};
}

std::string RevisionsOf(const CacheClaim& claim) {
  std::vector<std::string> commits;
  for (const auto* records : {&claim.wanted, &claim.previous}) {
    for (const RevisionRecord* record : *records) {
      if (std::find(commits.begin(), commits.end(), record->commit) == commits.end()) commits.push_back(record->commit);
    }
  }
  return Join(commits, ", ");
}

const RevisionRecord* RecordFor(const CacheClaim& claim, const std::string& revision) {
  if (revision.empty() || revision == claim.object->spec.source.revision) return &claim.current();
  return claim.Find(revision);
}

Problem NoSuchRevision(const CacheClaim& claim, const std::string& revision) {
  return {Reason::kRevisionGone, StrCat("revision ", Quoted(revision), " is none of this cache's, which are ",
                                        RevisionsOf(claim), "; name one of them, or none for the current one")};
}

// One answer for each cache.
void Refuse(NodeRow& row, const std::string& cache, const Problem& problem) {
  const bool known =
      std::ranges::any_of(row.refused, [&](const CacheRefusal& refusal) { return refusal.cache == cache; });
  if (!known) row.refused.push_back({cache, std::string(NameOf(problem.reason)), problem.message});
}

class Answers {
 public:
  Answers(NodeRow& row, const ClaimsByName& claims, TenantTotals& totals)
      : row_(row), claims_(claims), totals_(totals) {}

  void Answer(const WantedCache& question) {
    const auto found = claims_.find(question.cache);
    if (found == claims_.end() || found->second->is_deleted()) {
      return Refuse(row_, question.cache,
                    {Reason::kUnknownCache,
                     StrCat("there is no cache ", Quoted(question.cache), "; create it, or correct the volume")});
    }
    CacheClaim& claim = *found->second;
    if (const auto problem = WhyNot(claim, question)) return Refuse(row_, question.cache, *problem);
    Admit(claim, *RecordFor(claim, question.revision));
  }

 private:
  std::optional<Problem> WhyNot(const CacheClaim& claim, const WantedCache& question) const {
    if (IsUnlisted(claim, question.pod_namespace)) return claim.decision.namespaces;
    if (!Admits(claim, question.pod_namespace)) {
      return Problem{Reason::kNotAllowed, StrCat("namespace ", question.pod_namespace,
                                                 " is none of its allowedNamespaces; "
                                                 "ask who owns the cache to admit it")};
    }
    if (claim.object->spec.suspend) return Problem{Reason::kSuspended, "spec.suspend is true; set it to false"};
    if (claim.current().manifest.empty()) return WhyUnresolved(claim);
    const RevisionRecord* record = RecordFor(claim, question.revision);
    if (record == nullptr) return NoSuchRevision(claim, question.revision);
    if (row_.IsPlanned(claim.name, record->manifest)) return std::nullopt;
    if (auto problem = row_.budget.Refuse(CopyOf(claim, *record, row_.policy.get()))) return problem;
    return RefuseTotals(claim, *record, row_, totals_);
  }

  void Admit(CacheClaim& claim, const RevisionRecord& record) {
    if (row_.IsPlanned(claim.name, record.manifest)) return;
    TakeTotals(claim, record, row_, totals_);
    row_.entries.push_back({.priority = PriorityUnder(claim, row_.policy.get()), .claim = &claim, .record = &record});
  }

  NodeRow& row_;
  const ClaimsByName& claims_;
  TenantTotals& totals_;
};

}  // namespace

void KeepUnread(NodeRow& row, const std::set<std::string>& unread_caches) {
  for (const Held& held : row.held) {
    const CacheEntry& entry = *held.entry;
    if (!unread_caches.contains(entry.cache)) continue;
    row.entries.push_back(
        {.form = PlannedEntry::Form::kUnread, .pinned = entry.pinned, .priority = entry.priority, .held = &entry});
    const uint64_t bytes = held.status == nullptr ? 0 : held.status->bytes;
    row.budget.Take({entry.cache, entry.manifest, bytes, entry.priority});
  }
}

void KeepHeld(NodeRow& row, const ClaimsByName& claims) {
  for (const Held& held : row.held) {
    if (row.IsPlanned(held.entry->cache, held.entry->manifest)) continue;
    const auto found = claims.find(held.entry->cache);
    if (found != claims.end()) {
      KeepOne(row, *found->second, held);
    } else if (IsOrphan(*held.entry)) {
      KeepOrphan(row, held);
    }
  }
}

void TellRequiredInVain(const CacheClaim& claim) {
  for (const auto& [row, problem] : claim.required_in_vain) {
    const bool listed =
        std::ranges::any_of(row->entries, [&](const PlannedEntry& entry) { return entry.cache() == claim.name; });
    if (!listed) Refuse(*row, claim.name, problem);
  }
}

void AnswerQuestions(NodeRow& row, const ClaimsByName& claims, TenantTotals& totals) {
  if (row.cache_node == nullptr) return;
  Answers answers(row, claims, totals);
  for (const WantedCache& question : row.cache_node->status.wanted) answers.Answer(question);
}

}  // namespace ballast::controller
