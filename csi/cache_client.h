// The node's cache (ballastd) as ballast-csi sees it: prepare a model under a lease, give a lease back, list the
// leases.
#pragma once

#include <chrono>
#include <compare>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/status.h"

namespace ballast::driver {

enum class Layout : uint8_t { kPlain, kHf, kHfRepo };

// Which bytes a volume asks for, in which form.
struct ModelOrder {
  enum class Kind : uint8_t { kClusterCache, kCache, kSource };

  Kind kind = Kind::kClusterCache;
  std::string name;           // of the cache, or the model reference
  std::string pod_namespace;  // "" where the caller did not say
  std::string revision;       // "" = the cache's current one
  std::string manifest;       // "sha256:<hex>" or ""
  Layout layout = Layout::kPlain;
  bool early = false;

  friend bool operator==(const ModelOrder&, const ModelOrder&) = default;
};

// One publish of one volume.
struct LeaseKey {
  std::string volume_id;
  std::string target_path;

  friend auto operator<=>(const LeaseKey&, const LeaseKey&) = default;
};

struct WarmProgress {
  std::string model;
  std::string phase;  // "resolving", "downloading", "verifying", "waiting"
  uint64_t bytes_done = 0;
  uint64_t bytes_total = 0;
  uint64_t bytes_per_second = 0;
  std::string waiting_for;  // why nothing moves
};

struct ReadyView {
  std::string model;
  std::string manifest;
  std::string commit;
  std::string view;  // relative to the cache directory: "views/<id>/data"
  uint64_t bytes = 0;
  uint32_t files = 0;
  std::string warning;  // served although something is wrong
};

struct PrepareCall {
  ModelOrder order;
  LeaseKey lease;
  std::string pod;        // "namespace/name", for people
  std::string pod_uid;    // whom events are about; "" where it is not known
  std::string token;      // of the volume, for the model's origin; "" = none. In no log
  bool read_only = true;  // false: the pod asked to write, and is told that it gets a read-only volume
  SteadyTime deadline;
  // Called for each report; false ends the call with Cancelled. The download goes on in the cache.
  std::function<bool(const WarmProgress&)> on_progress;
};

// Thread-safe. The cache's own errors come through with its code and text; Unavailable names the socket where the cache
// does not answer.
class CacheClient {
 public:
  virtual ~CacheClient() = default;

  // Returns once the model is ready. DeadlineExceeded: it was not by `deadline`. The lease is on the cache's disk
  // before the first report; a final error of the cache (not IsRetryable) has removed it again.
  virtual Result<ReadyView> Prepare(const PrepareCall& call) = 0;
  // OK when there is no such lease.
  virtual Status Release(const LeaseKey& lease) = 0;
  virtual Result<std::vector<LeaseKey>> ListLeases() = 0;
};

}  // namespace ballast::driver
