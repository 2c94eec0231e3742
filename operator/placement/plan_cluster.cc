#include <algorithm>
#include <tuple>

#include "api/policy_rules.h"
#include "operator/placement/entries.h"
#include "operator/placement/on_demand.h"
#include "operator/placement/pins.h"
#include "operator/placement/placement.h"

namespace ballast::controller {
namespace {

// How far one desired node is with one revision.
struct Progress {
  bool ready = false;
  bool downloading = false;  // it was told to: nodes report what is under way only if that lasts
  const CacheEntryStatus* failed = nullptr;
};

Progress ProgressOf(const NodeRow& row, const CacheClaim& claim, const RevisionRecord& record) {
  const Held* held = row.Find(claim.name, record.manifest);
  if (held == nullptr) return {};
  return {held->Is(CachePhase::kReady), held->IsBusy(), held->Is(CachePhase::kFailed) ? held->status : nullptr};
}

void CountRevision(CacheClaim& claim, const NodeRow& row, const RevisionRecord& record, bool& downloading,
                   const CacheEntryStatus*& failed) {
  const Progress progress = ProgressOf(row, claim, record);
  CacheDecision& decision = claim.decision;
  decision.bytes_wanted += record.bytes;
  if (progress.ready) decision.bytes_ready += record.bytes;
  if (progress.ready && record.manifest == claim.current().manifest) ++decision.nodes.ready;
  if (progress.ready && record.manifest == decision.next) ++decision.next_ready;
  downloading = downloading || progress.downloading;
  if (failed == nullptr) failed = progress.failed;
}

Reason ReasonNamed(const std::string& name) {
  const auto& all = AllReasons();
  const auto found = std::find_if(all.begin(), all.end(), [&](Reason reason) { return NameOf(reason) == name; });
  return found == all.end() ? Reason::kDownloadFailed : *found;
}

// A desired node counts once, whatever its revisions do.
void CountNode(CacheClaim& claim, const Admitted& one) {
  if (!one.row->eligible) return;
  bool downloading = false;
  const CacheEntryStatus* failed = nullptr;
  for (const RevisionRecord* record : one.records) CountRevision(claim, *one.row, *record, downloading, failed);
  if (downloading) ++claim.decision.nodes.downloading;
  if (failed == nullptr) return;
  ++claim.decision.nodes.failed;
  AddFailure(claim.decision, one.row->node->name, ReasonNamed(failed->reason), failed->message, failed->since);
}

// A cache that is being deleted: what CacheNodes still have to let go of.
bool StillLists(const CacheClaim& claim, const NodeRow& row) {
  const auto [begin, end] = row.Of(claim.name);
  return std::any_of(begin, end, [&](const Held& held) {
    return held.entry->pinned || held.entry->current || !held.entry->namespaces.empty() ||
           !row.IsPlanned(claim.name, held.entry->manifest);
  });
}

bool HasUnreadPolicy(const CacheNode& node, const ClusterObserved& observed) {
  return observed.unread_policies.contains(node.spec.policy.name);
}

// No other policy takes its place, which might evict what it keeps.
void LeaveUnread(const ClusterObserved& observed, PolicyChoice& policies) {
  for (const auto& node : observed.cache_nodes) {
    if (HasUnreadPolicy(*node, observed)) policies.of_node.erase(node->metadata.name);
  }
}

void NoteTooHigh(const std::vector<NodeRow>& rows, PolicyChoice& policies) {
  for (const NodeRow& row : rows) {
    if (row.policy == nullptr || row.policy->spec.disk.high_threshold_percent <= kSharedThreshold) continue;
    if (SharesNodeFilesystem(row.cache_node)) policies.too_high[row.policy->metadata.name].insert(row.node->name);
  }
}

void Count(CacheClaim& claim, const std::vector<NodeRow>& rows) {
  claim.decision.deleted = claim.is_deleted();
  for (const Admitted& one : claim.admitted) CountNode(claim, one);
  for (const NodeRow& row : rows) {
    if (row.IsReady(claim.name, claim.current().manifest)) ++claim.decision.copies;
    if (claim.is_deleted() && StillLists(claim, row)) ++claim.decision.listed;
  }
}

// Writes specs out, each that several nodes have once.
class SpecWriter {
 public:
  SpecWriter(const FilterMemory& filters, const Namespaces& namespaces) : filters_(filters), namespaces_(namespaces) {}

  std::shared_ptr<const CacheNodeSpec> Write(NodeRow& row) {
    std::sort(row.entries.begin(), row.entries.end(), [](const PlannedEntry& a, const PlannedEntry& b) {
      return std::pair(a.cache(), a.manifest()) < std::pair(b.cache(), b.manifest());
    });
    if (!row.refused.empty() || row.keeps_policy) return std::make_shared<const CacheNodeSpec>(SpecOf(row));
    auto& spec = specs_[{row.policy.get(), row.entries}];
    if (spec == nullptr) spec = std::make_shared<const CacheNodeSpec>(SpecOf(row));
    return spec;
  }

 private:
  using Key = std::pair<const CachePolicy*, std::vector<PlannedEntry>>;

  CacheNodeSpec SpecOf(NodeRow& row) {
    CacheNodeSpec spec{.refused = std::move(row.refused),
                       .policy = row.keeps_policy ? row.cache_node->spec.policy : PolicyOf(row.policy.get())};
    for (const PlannedEntry& entry : row.entries) spec.caches.push_back(MakeEntry(entry, filters_));
    std::sort(spec.refused.begin(), spec.refused.end(),
              [](const CacheRefusal& a, const CacheRefusal& b) { return a.cache < b.cache; });
    return spec;
  }

  const NodePolicy& PolicyOf(const CachePolicy* policy) {
    const auto [at, added] = policies_.try_emplace(policy);
    if (added) at->second = ResolvePolicy(policy, namespaces_);
    return at->second;
  }

  const FilterMemory& filters_;
  const Namespaces& namespaces_;
  std::map<const CachePolicy*, NodePolicy> policies_;
  std::map<Key, std::shared_ptr<const CacheNodeSpec>> specs_;
};

}  // namespace

Placement PlanCluster(const ClusterObserved& observed) {
  Placement placement{.policies = ChoosePolicies(observed.policies, observed.nodes)};
  LeaveUnread(observed, placement.policies);
  placement.large_evictions =
      GuardLargeEvictions(placement.policies, observed.cache_nodes, observed.namespaces, observed.now);
  std::vector<NodeRow> rows = MakeRows(observed, placement.policies);
  for (NodeRow& row : rows) row.keeps_policy = row.cache_node != nullptr && HasUnreadPolicy(*row.cache_node, observed);
  NoteTooHigh(rows, placement.policies);
  for (NodeRow& row : rows) KeepUnread(row, observed.unread_caches);
  std::vector<CacheClaim> claims = MakeClaims(observed);
  TenantTotals totals;
  Admit(claims, rows, totals);
  ClaimsByName by_name;
  for (CacheClaim& claim : claims) {
    Pin(claim);
    by_name[claim.name] = &claim;
  }
  for (NodeRow& row : rows) {
    KeepHeld(row, by_name);
    AnswerQuestions(row, by_name, totals);
  }
  for (const CacheClaim& claim : claims) TellRequiredInVain(claim);
  const FilterMemory filters(claims, rows);
  SpecWriter specs(filters, observed.namespaces);
  for (CacheClaim& claim : claims) {
    Count(claim, rows);
    placement.caches[claim.name] = std::move(claim.decision);
  }
  for (NodeRow& row : rows) {
    if (row.has_agent) placement.nodes[row.node->name] = specs.Write(row);
  }
  return placement;
}

}  // namespace ballast::controller
