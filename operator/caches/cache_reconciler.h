// What a cache, of either kind, needs next: as a function from values to values.
#pragma once

#include <optional>
#include <set>
#include <string>
#include <variant>
#include <vector>

#include "api/model_cache.h"
#include "base/clock.h"
#include "operator/placement/placement.h"
#include "operator/resolver/resolve_request.h"

namespace ballast::controller {

inline constexpr char kCacheFinalizer[] = "ballast.dev/cache";
// How often figures of progress are written.
inline constexpr std::chrono::seconds kStatusEvery{10};

// What agents say of downloads that are under way, summed.
struct CacheProgress {
  uint64_t bytes_done = 0;  // of what is not ready yet
  uint64_t bytes_per_second = 0;
  int32_t mounts = 0;
  bool sampled = false;  // of some nodes only, and scaled up

  friend bool operator==(const CacheProgress&, const CacheProgress&) = default;
};

struct CacheVolumes {
  int32_t bound = 0;
  std::vector<std::string> examples;
  std::set<std::string> manifests;  // that volumes name

  friend bool operator==(const CacheVolumes&, const CacheVolumes&) = default;
};

struct CacheObserved {
  ModelCache cache;
  std::optional<CacheDecision> decision;  // nothing: no plan knows it yet
  ResolveState resolve;
  std::optional<CacheProgress> progress;  // nothing: no agent was asked
  CacheVolumes volumes;
  Duration poll = std::chrono::minutes(5);
  Timestamp now;
  std::optional<Timestamp> status_written;  // when this leader last did
};

struct AddFinalizer {
  friend bool operator==(const AddFinalizer&, const AddFinalizer&) = default;
};
struct RemoveFinalizer {
  friend bool operator==(const RemoveFinalizer&, const RemoveFinalizer&) = default;
};
struct AskOrigin {
  ResolveRequest request;
  friend bool operator==(const AskOrigin&, const AskOrigin&) = default;
};
struct EmitEvent {
  bool warning = false;
  std::string reason;
  std::string action;
  std::string note;
  friend bool operator==(const EmitEvent&, const EmitEvent&) = default;
};
using CacheAction = std::variant<AddFinalizer, RemoveFinalizer, AskOrigin, EmitEvent>;

struct CachePlan {
  std::vector<CacheAction> actions;
  std::optional<ModelCacheStatus> status;  // to be written; nothing: it is as it should be, or too new to be changed
  std::optional<Duration> requeue_after;

  friend bool operator==(const CachePlan&, const CachePlan&) = default;
};

CachePlan ReconcileCache(const CacheObserved& observed);

}  // namespace ballast::controller
