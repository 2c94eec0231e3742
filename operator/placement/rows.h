// The state that a plan is made in: a row for each node, a claim for each cache. Of PlanCluster() alone.
#pragma once

#include <map>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "operator/placement/node_budget.h"
#include "operator/placement/placement.h"

namespace ballast::controller {

// An entry of a CacheNode's spec, and what its agent says of it; null: nothing yet.
struct Held {
  const CacheEntry* entry = nullptr;
  const CacheEntryStatus* status = nullptr;

  bool Is(CachePhase phase) const { return status != nullptr && status->phase == phase; }
  // It is being fetched, or about to be.
  bool IsBusy() const { return entry->pinned && !Is(CachePhase::kReady) && !Is(CachePhase::kFailed); }
  // On the node's disk, or on its way there: unless the agent says that it is not. What was evicted stays listed.
  bool TakesRoom() const;
};

struct CacheClaim;

// An entry that a node will have, by what it is made of: a hundred thousand of them are a plan of a large cluster.
struct PlannedEntry {
  // Of the claim, or what is held: for no new pod; as nobody's; as it is.
  enum class Form { kMade, kSuspended, kOrphan, kUnread };

  Form form = Form::kMade;
  bool pinned = false;
  int32_t priority = 0;
  const CacheClaim* claim = nullptr;       // kMade
  const RevisionRecord* record = nullptr;  // kMade
  const CacheEntry* held = nullptr;        // the others

  std::string_view cache() const;
  std::string_view manifest() const;
  friend auto operator<=>(const PlannedEntry&, const PlannedEntry&) = default;
};

struct NodeRow {
  const NodeFacts* node = nullptr;
  const CacheNode* cache_node = nullptr;  // null: it has none yet
  std::shared_ptr<const CachePolicy> policy;
  bool keeps_policy = false;  // that it was told, since that can't be read; `policy` is null
  bool eligible = false;      // ready, and not cordoned
  bool has_agent = false;
  std::vector<Held> held;  // by cache, then manifest
  NodeBudget budget = NodeBudget();
  std::vector<PlannedEntry> entries;  // the plan
  std::vector<CacheRefusal> refused;

  // nullptr: it does not hold that.
  const Held* Find(std::string_view cache, std::string_view manifest) const;
  // All of one cache.
  std::pair<const Held*, const Held*> Of(std::string_view cache) const;
  bool IsPinned(std::string_view cache, std::string_view manifest) const;
  bool IsReady(std::string_view cache, std::string_view manifest) const;
  // As IsOnDemand() has it, and it takes room.
  bool HasOnDemand(const CacheClaim& claim, std::string_view manifest) const;
  bool IsPlanned(std::string_view cache, std::string_view manifest) const;
};

// A cache gets these revisions on a node.
struct Admitted {
  NodeRow* row = nullptr;
  std::vector<const RevisionRecord*> records;
  int32_t priority = 0;
  bool seed = false;
};

struct CacheClaim {
  const ModelCache* object = nullptr;
  std::string name;
  std::string domain;
  std::vector<std::string> namespaces;   // at most kMaxNamespaces
  std::vector<std::string> unlisted;     // admitted as well, but there are too many; sorted
  const NamespaceFacts* home = nullptr;  // of a ModelCache; null: it is gone, or the cache is the cluster's
  // What desired nodes have: the current revision, those that volumes name, the next.
  std::vector<const RevisionRecord*> wanted;
  std::vector<RevisionRecord> named_by_volumes;  // those of `wanted` that are neither current nor next
  std::vector<const RevisionRecord*> previous;   // what may stay where it is
  uint64_t quota_used = 0;
  std::vector<Admitted> admitted;
  std::map<const NodeRow*, size_t> admitted_at;  // where in `admitted`
  std::set<std::string_view> seeds;              // nodes
  // nodes.required, and these get no copy: while their startup taint is on they are told, for it waits for no such one.
  std::vector<std::pair<NodeRow*, Problem>> required_in_vain;
  CacheDecision decision;

  bool is_active() const;  // neither suspended nor being deleted, and resolved
  bool is_deleted() const { return object->metadata.deletion_timestamp.has_value(); }
  const RevisionRecord& current() const { return object->status.revision.current; }
  // A revision by its manifest or commit; nullptr: none that is kept.
  const RevisionRecord* Find(std::string_view manifest_or_commit) const;
};

// Its agent says so; null: no agent has.
bool SharesNodeFilesystem(const CacheNode* node);

std::vector<NodeRow> MakeRows(const ClusterObserved& observed, const PolicyChoice& policies);
std::vector<CacheClaim> MakeClaims(const ClusterObserved& observed);

// Which tenant of the node's policy the cache belongs to; nullptr: none.
const TenantSpec* TenantOf(const CacheClaim& claim, const CachePolicy* policy);
// A pod has brought it, or is bringing it. A copy that is pinned for no pod may have come so, too: while its cache was
// suspended, all of it was pinned.
bool IsOnDemand(const CacheClaim& claim, const Held& held);
// The cache's priority where `policy` rules.
int32_t PriorityUnder(const CacheClaim& claim, const CachePolicy* policy);
Copy CopyOf(const CacheClaim& claim, const RevisionRecord& record, const CachePolicy* policy);

}  // namespace ballast::controller
