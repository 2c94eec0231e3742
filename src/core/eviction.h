// What goes from a node's disk, in which order, and why. Pure: it sees one moment, by value, and no clock.
//
// What is mounted, pinned (a cache wants it here) or being transferred never goes. Of the rest, first what goes whether
// or not room is needed: what has been unused for too long, then revisions that are too many. Then, until there is room
// and no further: what no download goes on with, copies that no cache names any more, older revisions, the lowest
// priority, the longest unused. A blob of several models goes with the last of them and is counted once.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <vector>

#include "core/digest.h"

namespace ballast {

// In the order in which they go.
enum class EvictionReason {
  kExpired,   // unused for longer than it may be
  kSurplus,   // an older revision, and more are here than are to be kept
  kOrphaned,  // of a download that nobody goes on with
  kReleased,  // no cache names it any more
  kSuperseded,
  kLeastRecentlyUsed,
};

struct EvictionBlob {
  Digest digest;
  uint64_t allocated_bytes = 0;
};

using BlobIndex = uint32_t;    // in EvictionInput::blobs
using TenantIndex = uint32_t;  // in EvictionInput::tenants

struct EvictionModel {
  Digest id;
  std::vector<BlobIndex> blobs;  // each once
  uint64_t own_bytes = 0;        // allocated by its manifest and views
  uint64_t last_use = 0;         // counts uses on this node: the larger, the later
  // How long it has not been mounted, added up while somebody watched: wall clocks jump.
  std::chrono::seconds idle{0};
  std::optional<std::chrono::seconds> unused_for;  // goes when idle for longer; nullopt: never for that
  bool surplus = false;
  bool superseded = false;           // a newer revision of the same cache is here
  std::optional<int32_t> priority;   // of the most important cache that names it; nullopt: none does
  std::vector<TenantIndex> tenants;  // all whose it is; empty: nobody's in particular
  bool mounted = false;
  bool pinned = false;
  bool moving = false;  // being published, removed or served into a view

  bool MayGo() const { return !mounted && !pinned && !moving; }
};

struct EvictionTenant {
  uint64_t quota_bytes = 0;  // 0 = none; each blob in full, shared with others or not
};

// A download that waits for room.
struct RoomRequest {
  uint64_t bytes = 0;                // that it will allocate
  int32_t priority = 0;              // nothing more important goes for it
  std::vector<TenantIndex> tenants;  // whose it is
};

struct EvictionPolicy {
  uint64_t quota_bytes = 0;  // over our own allocated bytes; 0 = none
  uint64_t min_available = 0;
  // Of the file system, whoever took it, in percent. Eviction begins at `high` and ends at `low`. 100 = never.
  int32_t high_percent = 100;
  int32_t low_percent = 100;
};

struct DiskState {
  uint64_t used_bytes = 0;      // allocated by us
  uint64_t reserved_bytes = 0;  // still to be written by downloads that have their room
  uint64_t free_bytes = 0;      // of the file system
  uint64_t total_bytes = 0;
};

struct EvictionInput {
  std::vector<EvictionBlob> blobs;
  std::vector<EvictionModel> models;
  std::vector<BlobIndex> in_transfer;  // blobs of downloads that go on
  std::vector<EvictionTenant> tenants;
  EvictionPolicy policy;
  DiskState disk;
  std::optional<RoomRequest> request;
};

struct Eviction {
  Digest id;  // of a manifest; where kOrphaned, of a blob
  EvictionReason reason = EvictionReason::kLeastRecentlyUsed;
  uint64_t freed_bytes = 0;  // allocated bytes that come free with it, after those before it

  friend bool operator==(const Eviction&, const Eviction&) = default;
};

struct EvictionPlan {
  std::vector<Eviction> evictions;  // in their order
  uint64_t freed_bytes = 0;
  uint64_t missing_bytes = 0;  // that would have to come free as well, and can't
  std::vector<uint64_t> over;  // by tenant: bytes above its quota that stay, those of the request included

  friend bool operator==(const EvictionPlan&, const EvictionPlan&) = default;
};

// Nothing goes for a request that does not fit all the same; Fits() says so.
EvictionPlan PlanEviction(const EvictionInput& input);

// Whether the request of its input has its room once the plan is executed.
bool Fits(const EvictionPlan& plan, const RoomRequest& request);

// Bytes that have to come free: for the quota, for what is to stay free, for the thresholds, for the request.
uint64_t BytesToFree(const EvictionPolicy& policy, const DiskState& disk, uint64_t requested);

// Allocated bytes of what may not go, each blob once.
uint64_t ProtectedBytes(const EvictionInput& input);

}  // namespace ballast
