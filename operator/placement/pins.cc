#include "operator/placement/pins.h"

#include <algorithm>
#include <tuple>

#include "base/strings.h"

namespace ballast::controller {
namespace {

constexpr int64_t kPercent = 100;

// A cache under one policy: in the order of their claim to the disks.
struct Turn {
  CacheClaim* claim = nullptr;
  const CachePolicy* policy = nullptr;
  int32_t priority = 0;
};

auto StrengthOf(const Turn& turn) {
  const ObjectMeta& meta = turn.claim->object->metadata;
  const std::string_view policy = turn.policy == nullptr ? "" : std::string_view(turn.policy->metadata.name);
  return std::tuple(-int64_t{turn.priority}, meta.creation_timestamp.value_or(Timestamp::max()),
                    std::string_view(turn.claim->name), policy);
}

bool IsWanted(const CacheClaim& claim, const RevisionRecord* record) {
  return std::find(claim.wanted.begin(), claim.wanted.end(), record) != claim.wanted.end();
}

bool Desires(const CacheClaim& claim, const NodeRow& row) {
  const auto& nodes = claim.object->spec.nodes;
  return nodes && (!nodes->selector || nodes->selector->Matches(row.node->labels));
}

bool MayBeSeed(const CacheClaim& claim, const NodeRow& row) {
  const auto& seeds = claim.object->spec.seeds;
  return seeds && (!seeds->selector || seeds->selector->Matches(row.node->labels));
}

bool HoldsPinned(const CacheClaim& claim, const NodeRow& row) {
  return row.IsPinned(claim.name, claim.current().manifest);
}

void Count(CacheClaim& claim, const RevisionRecord& record, const NodeRow& row, TenantTotals& totals) {
  claim.quota_used += record.bytes;
  const Copy copy = CopyOf(claim, record, row.policy.get());
  if (copy.tenant >= 0) totals[{row.policy.get(), copy.tenant}] += record.bytes;
}

class Admission {
 public:
  Admission(std::vector<NodeRow>& rows, TenantTotals& totals) : totals_(totals) {
    for (NodeRow& row : rows) {
      groups_[row.policy.get()].push_back(&row);
      all_.push_back(&row);
    }
  }

  void Run(std::vector<CacheClaim>& claims) {
    for (CacheClaim& claim : claims) {
      if (!claim.is_deleted()) CountOnDemand(claim);
    }
    std::vector<Turn> turns;
    for (CacheClaim& claim : claims) {
      for (const auto& [policy, rows] : groups_) turns.push_back({&claim, policy, PriorityUnder(claim, policy)});
    }
    std::sort(turns.begin(), turns.end(), [](const Turn& a, const Turn& b) { return StrengthOf(a) < StrengthOf(b); });
    for (const Turn& turn : turns) Take(turn);
  }

 private:
  using Rows = std::vector<NodeRow*>;

  // Copies on demand are there before anything new is: they count for clusterQuota and quotaTotal.
  void CountOnDemand(CacheClaim& claim) {
    for (const auto& [policy, rows] : groups_) {
      for (const NodeRow* row : rows) {
        const auto [begin, end] = row->Of(claim.name);
        for (const Held* held = begin; held != end; ++held) {
          const RevisionRecord* record = claim.Find(held->entry->manifest);
          if (record != nullptr && IsCounted(claim, *held, record)) Count(claim, *record, *row, totals_);
        }
      }
    }
  }

  // What is pinned of it now is planned anew; an earlier revision stays in any case, and all that is suspended.
  static bool IsCounted(const CacheClaim& claim, const Held& held, const RevisionRecord* record) {
    if (claim.object->spec.suspend) return held.Is(CachePhase::kReady);
    if (IsOnDemand(claim, held)) return held.TakesRoom();
    return !IsWanted(claim, record) && held.Is(CachePhase::kReady);
  }

  void Take(const Turn& turn) {
    CacheClaim& claim = *turn.claim;
    const Rows& rows = groups_.at(turn.policy);
    if (claim.object->spec.suspend && !claim.is_deleted()) return HoldWhatIsThere(claim, rows);
    if (!claim.is_active()) return;
    std::vector<NodeRow*> desired;
    std::copy_if(rows.begin(), rows.end(), std::back_inserter(desired),
                 [&](const NodeRow* row) { return Desires(claim, *row); });
    // What is there already keeps its place before what would be new.
    std::stable_partition(desired.begin(), desired.end(), [&](const NodeRow* row) { return HoldsPinned(claim, *row); });
    for (NodeRow* row : desired) Consider(turn, *row, false);
    if (++turns_taken_[&claim] == groups_.size()) ChooseSeeds(claim);
  }

  // Suspended: nothing is evicted.
  static void HoldWhatIsThere(const CacheClaim& claim, const Rows& rows) {
    for (NodeRow* row : rows) {
      const auto [begin, end] = row->Of(claim.name);
      for (const Held* held = begin; held != end; ++held) {
        const RevisionRecord* record = claim.Find(held->entry->manifest);
        if (held->Is(CachePhase::kReady) && record != nullptr) {
          row->budget.Take(CopyOf(claim, *record, row->policy.get()));
        }
      }
    }
  }

  void Consider(const Turn& turn, NodeRow& row, bool seed) {
    CacheClaim& claim = *turn.claim;
    if (!row.has_agent || !row.eligible) return Exclude(claim, row);
    const TenantSpec* tenant = TenantOf(claim, row.policy.get());
    if (tenant != nullptr && tenant->prewarm == Prewarm::kDenied) {
      return Refuse(
          claim, row,
          {Reason::kNotAllowed, StrCat("CachePolicy ", row.policy->metadata.name,
                                       " lets this namespace have no model before a pod mounts it (prewarm)")});
    }
    if (const auto problem = RefuseOne(claim, claim.current(), row)) return Refuse(claim, row, *problem);
    Admitted admitted{&row, {}, turn.priority, seed};
    for (const RevisionRecord* record : claim.wanted) {
      const auto problem = RefuseOne(claim, *record, row);
      if (problem) {
        NoteQuota(claim, *problem);
        continue;
      }
      row.budget.Take(CopyOf(claim, *record, row.policy.get()));
      TakeTotals(claim, *record, row, totals_);
      admitted.records.push_back(record);
    }
    ++claim.decision.nodes.desired;
    claim.admitted_at.emplace(&row, claim.admitted.size());
    claim.admitted.push_back(std::move(admitted));
  }

  std::optional<Problem> RefuseOne(const CacheClaim& claim, const RevisionRecord& record, const NodeRow& row) const {
    if (auto problem = row.budget.Refuse(CopyOf(claim, record, row.policy.get()))) return problem;
    return RefuseTotals(claim, record, row, totals_);
  }

  // Not asked for anything new; what it was told to hold stays told.
  void Exclude(CacheClaim& claim, NodeRow& row) {
    ++claim.decision.nodes.excluded;
    if (!row.has_agent && row.eligible) {
      AddFailure(claim.decision, row.node->name, Reason::kAgentLost,
                 "no agent runs on this node; look at its DaemonSet");
    }
    Hold(claim, row);
  }

  void Hold(CacheClaim& claim, NodeRow& row) {
    Admitted held{&row, {}, PriorityUnder(claim, row.policy.get()), false};
    for (const RevisionRecord* record : claim.wanted) {
      if (!row.IsPinned(claim.name, record->manifest)) continue;
      row.budget.Take(CopyOf(claim, *record, row.policy.get()));
      TakeTotals(claim, *record, row, totals_);
      held.records.push_back(record);
    }
    if (!held.records.empty()) claim.admitted.push_back(std::move(held));
  }

  static void Refuse(CacheClaim& claim, NodeRow& row, const Problem& problem) {
    const auto& nodes = claim.object->spec.nodes;
    if (nodes && nodes->required && HasStartupTaint(*row.node)) claim.required_in_vain.emplace_back(&row, problem);
    const bool too_small = problem.reason == Reason::kNodeTooSmall;
    ++(too_small ? claim.decision.nodes.excluded : claim.decision.nodes.desired);
    AddFailure(claim.decision, row.node->name, problem.reason, problem.message);
    if (too_small) return;
    ++claim.decision.refused;
    NoteQuota(claim, problem);
  }

  static void NoteQuota(CacheClaim& claim, const Problem& problem) {
    if (!claim.decision.quota) claim.decision.quota = problem;
  }

  // When all nodes that the cache desires are known: under the last of its policies.
  void ChooseSeeds(CacheClaim& claim) {
    if (!claim.object->spec.seeds) return;
    TakeSeeds(claim);
    const auto whole = std::ranges::count_if(all_, [&](const NodeRow* row) {
      return IsSeed(claim, *row) && row->IsReady(claim.name, claim.current().manifest);
    });
    for (NodeRow* row : all_) {
      if (IsSeed(claim, *row) || Desires(claim, *row) || !HoldsPinned(claim, *row)) continue;
      const bool needed = whole < claim.object->spec.seeds->count && !RefuseOne(claim, claim.current(), *row);
      if (needed || IsAway(claim, *row)) Hold(claim, *row);
    }
  }

  static bool IsSeed(const CacheClaim& claim, const NodeRow& row) { return claim.seeds.contains(row.node->name); }

  // A seed that is out of service; it will be one again.
  static bool IsAway(const CacheClaim& claim, const NodeRow& row) {
    return (!row.eligible || !row.has_agent) && MayBeSeed(claim, row);
  }

  void TakeSeeds(CacheClaim& claim) {
    for (int32_t missing = claim.object->spec.seeds->count; missing > 0; --missing) {
      NodeRow* row = NextSeed(claim);
      if (row == nullptr) return;
      ++zones_[&claim][row->node->Zone()];
      claim.seeds.insert(row->node->name);
      const auto admitted = claim.admitted_at.find(row);
      if (admitted == claim.admitted_at.end()) {
        Consider({&claim, row->policy.get(), PriorityUnder(claim, row->policy.get())}, *row, true);
      } else {
        claim.admitted[admitted->second].seed = true;
      }
    }
  }

  // Zones first, then what is whole, then what is there or will be: a copy is let go for another one only when that one
  // is as good.
  NodeRow* NextSeed(const CacheClaim& claim) {
    std::map<std::string, int>& zones = zones_[&claim];
    const auto rank = [&](const NodeRow& row) {
      const bool admitted = IsAdmitted(claim, row);
      return std::tuple(zones[row.node->Zone()], !row.IsReady(claim.name, claim.current().manifest),
                        !admitted && !HoldsPinned(claim, row), !admitted);
    };
    NodeRow* best = nullptr;
    for (NodeRow* row : all_) {
      if (!CanSeed(claim, *row)) continue;
      if (best == nullptr || rank(*row) < rank(*best)) best = row;
    }
    return best;
  }

  bool CanSeed(const CacheClaim& claim, const NodeRow& row) const {
    if (!row.eligible || !row.has_agent || !MayBeSeed(claim, row) || IsSeed(claim, row)) return false;
    return IsAdmitted(claim, row) || (!Desires(claim, row) && !RefuseOne(claim, claim.current(), row));
  }

  static bool IsAdmitted(const CacheClaim& claim, const NodeRow& row) { return claim.admitted_at.contains(&row); }

  TenantTotals& totals_;
  std::map<const CachePolicy*, Rows> groups_;
  Rows all_;
  std::map<const CacheClaim*, size_t> turns_taken_;
  std::map<const CacheClaim*, std::map<std::string, int>> zones_;  // of the seeds
};

// Of what it gets, what the node was not told yet.
bool HasAll(const CacheClaim& claim, const Admitted& one) {
  return std::all_of(one.records.begin(), one.records.end(), [&](const RevisionRecord* record) {
    return one.row->IsPinned(claim.name, record->manifest) || one.row->IsReady(claim.name, record->manifest);
  });
}

bool IsBusy(const CacheClaim& claim, const Admitted& one) {
  return std::any_of(one.records.begin(), one.records.end(), [&](const RevisionRecord* record) {
    const Held* held = one.row->Find(claim.name, record->manifest);
    return held != nullptr && held->IsBusy();
  });
}

void PinRow(const CacheClaim& claim, const Admitted& one, bool all) {
  for (const RevisionRecord* record : one.records) {
    if (!all && !one.row->IsPinned(claim.name, record->manifest)) continue;
    one.row->entries.push_back({.pinned = true, .priority = one.priority, .claim = &claim, .record = record});
  }
}

}  // namespace

void AddFailure(CacheDecision& decision, const std::string& node, Reason reason, std::string message,
                std::optional<Timestamp> since) {
  if (decision.failures.size() >= kMaxFailures) return;
  decision.failures.push_back({node, std::string(NameOf(reason)), std::move(message), since});
}

std::optional<Problem> RefuseTotals(const CacheClaim& claim, const RevisionRecord& record, const NodeRow& row,
                                    const TenantTotals& totals) {
  const bool counted = row.HasOnDemand(claim, record.manifest);
  const auto& quota = claim.object->spec.gc.cluster_quota;
  if (quota && !counted && claim.quota_used + record.bytes > *quota) {
    return Problem{Reason::kClusterQuotaExceeded,
                   StrCat("needs ", FormatBytes(record.bytes), ", the copies of this cache have ",
                          FormatBytes(claim.quota_used), " of ", FormatBytes(*quota), "; raise gc.clusterQuota")};
  }
  const TenantSpec* tenant = TenantOf(claim, row.policy.get());
  if (tenant == nullptr || !tenant->quota_total) return std::nullopt;
  const auto found = totals.find({row.policy.get(), CopyOf(claim, record, row.policy.get()).tenant});
  const uint64_t used = found == totals.end() ? 0 : found->second;
  if (used + (counted ? 0 : record.bytes) <= *tenant->quota_total) return std::nullopt;
  return Problem{Reason::kTenantQuotaExceeded,
                 StrCat("needs ", FormatBytes(record.bytes), ", its namespace has ", FormatBytes(used), " of ",
                        FormatBytes(*tenant->quota_total),
                        " over all nodes; raise tenants[].quotaTotal of CachePolicy ", row.policy->metadata.name)};
}

void TakeTotals(CacheClaim& claim, const RevisionRecord& record, const NodeRow& row, TenantTotals& totals) {
  if (!row.HasOnDemand(claim, record.manifest)) Count(claim, record, row, totals);
}

void Admit(std::vector<CacheClaim>& claims, std::vector<NodeRow>& rows, TenantTotals& totals) {
  Admission(rows, totals).Run(claims);
}

int64_t MaxParallel(const ModelCache& cache, size_t desired) {
  const auto all = static_cast<int64_t>(desired);
  if (!cache.spec.nodes || !cache.spec.nodes->max_parallel) return all;
  const IntOrPercent& most = *cache.spec.nodes->max_parallel;
  return std::max<int64_t>(1, most.percent ? all * most.number / kPercent : most.number);
}

void Pin(CacheClaim& claim) {
  int64_t slots = MaxParallel(*claim.object, claim.admitted.size());
  std::vector<const Admitted*> order;
  for (const Admitted& one : claim.admitted) {
    order.push_back(&one);
    if (one.row->eligible && IsBusy(claim, one)) --slots;
  }
  std::stable_sort(order.begin(), order.end(), [](const auto* a, const auto* b) { return a->seed > b->seed; });
  for (const Admitted* one : order) {
    const bool free = HasAll(claim, *one) || IsBusy(claim, *one) || !one->row->eligible;
    if (!free && slots <= 0) ++claim.decision.waiting;
    PinRow(claim, *one, free || slots > 0);
    if (!free) --slots;
  }
}

}  // namespace ballast::controller
