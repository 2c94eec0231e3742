// The node's garbage collector: sees what is on the disk and what it is for, asks PlanEviction(), and carries it out.
#pragma once

#include <atomic>
#include <functional>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/mutex.h"
#include "base/status.h"
#include "daemon/disk_view.h"
#include "daemon/in_use.h"
#include "store/store.h"

namespace ballast {

// "unused for too long", for people.
std::string_view ReasonName(EvictionReason reason);
// "expired", "least_recently_used": for programs.
std::string_view ReasonLabel(EvictionReason reason);

struct Evicted {
  std::string what;  // a model's name, or a blob's digest
  Digest id;
  EvictionReason reason = EvictionReason::kLeastRecentlyUsed;
  uint64_t freed_bytes = 0;

  // "sha256:..", "" where it is no model.
  std::string manifest() const { return reason == EvictionReason::kOrphaned ? "" : id.ToString(); }
};

struct Stays {
  std::string what;
  Digest id;
  std::string why;  // WhyItStays()
};

struct Collection {
  std::vector<Evicted> evicted;
  std::vector<Stays> stays;  // models that must stay
  uint64_t freed_bytes = 0;
  uint64_t missing_bytes = 0;         // that would have to come free as well, and can't
  std::string made_for;               // the download that asked for room; "": nobody did
  std::vector<std::string> problems;  // what could not be removed, and why
  uint64_t protected_bytes = 0;       // allocated by what may not go
  EvictionPolicy policy;              // that it was made by
};

// "freed 3.0 GiB: hf://org/a@main (least recently used, 2.0 GiB), ... and 4 more"
std::string BatchText(const Collection& collection);

// What a download asks room for.
struct RoomFor {
  std::string model;
  uint64_t bytes = 0;
  int32_t priority = 0;
  std::vector<std::string> namespaces;  // whose it is; empty: everybody's
};

// Totals since the start.
struct CollectorCounts {
  std::map<EvictionReason, uint64_t> evictions;
  std::map<EvictionReason, uint64_t> freed_bytes;
};

// Thread-safe; one round runs at a time.
class Collector {
 public:
  using Intent = std::function<DiskIntent(const std::vector<StoredModel>&)>;
  using Moves = std::function<InTransfer()>;
  using Done = std::function<void(const Collection&)>;

  // All that is given outlives it. `done` hears of each round that removed something.
  Collector(Store& store, InUse& in_use, Intent intent, Moves moves, Done done)
      : store_(store), in_use_(in_use), intent_(std::move(intent)), moves_(std::move(moves)), done_(std::move(done)) {}

  // What goes for the policy as it is now.
  Collection Collect();
  // The same without doing it, with all that stays.
  Collection Explain() const { return Explain(intent_); }
  // What would go if `intent` said what is wanted.
  Collection Explain(const Intent& intent) const;
  // Makes room for a download. ResourceExhausted: it does not fit now, FailedPrecondition: it never can, both in
  // numbers, the first with who holds the rest; nothing went.
  Status MakeRoom(const RoomFor& room);

  // Quota, disk and thresholds ask for a round.
  bool IsPressed() const;
  // The last round could not help a file system that is fuller than the policy lets it be.
  bool disk_pressure() const { return disk_pressure_; }
  // Allocated bytes of what may not go.
  uint64_t protected_bytes() const;
  CollectorCounts counts() const;

 private:
  DiskView View() const;
  uint64_t DropUnfinished() REQUIRES(round_mutex_);
  Collection CarryOut(const EvictionPlan& plan, const DiskView& view, std::string made_for) REQUIRES(round_mutex_);
  void RemoveTogether(std::span<Evicted> some, Collection& done) REQUIRES(round_mutex_);
  void Record(Evicted& one, const Result<uint64_t>& freed, Collection& done);
  void Count(const Evicted& one);

  Store& store_;
  InUse& in_use_;
  const Intent intent_;
  const Moves moves_;
  const Done done_;
  Mutex round_mutex_;
  mutable Mutex mutex_;
  std::atomic<bool> disk_pressure_ = false;
  CollectorCounts counts_ GUARDED_BY(mutex_);
};

}  // namespace ballast
