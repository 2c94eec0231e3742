// The daemon as the commands see it: proto/cache.proto as plain values, so that only one file includes gRPC.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "base/status.h"
#include "core/finding.h"

namespace ballast::cli {

struct TransferProgress {
  std::string model;
  std::string phase;  // "resolving", "downloading", "verifying", "waiting"
  uint64_t bytes_done = 0;
  uint64_t bytes_total = 0;
  uint64_t bytes_per_second = 0;
  uint32_t files_done = 0;
  uint32_t files_total = 0;
  std::string waiting_for;
};

struct ReadyModel {
  std::string model;
  std::string manifest;
  std::string commit;
  std::string view;  // relative to the cache directory
  uint64_t bytes = 0;
  uint32_t files = 0;
  uint64_t bytes_fetched = 0;     // from the hub
  uint64_t bytes_from_peers = 0;  // from other nodes
  std::string warning;            // served although something is wrong
  std::string dir;                // the view, absolute
};

struct CachedModel {
  std::string model;
  std::string commit;
  std::vector<std::string> revisions;
  std::string manifest;
  std::string phase;
  uint64_t bytes = 0;
  uint64_t bytes_here = 0;
  uint64_t allocated_bytes = 0;
  uint32_t files = 0;
  std::vector<std::string> wanted_by;
  uint32_t mounts = 0;
  int64_t last_used_unix = 0;
  std::string message;
};

struct NodeStatus {
  std::string version;
  std::string node;
  std::string cache_dir;
  uint64_t used_bytes = 0;
  uint64_t reserved_bytes = 0;
  uint64_t quota_bytes = 0;
  uint64_t disk_free_bytes = 0;
  uint64_t disk_total_bytes = 0;
  uint32_t blobs = 0;
  uint32_t models = 0;
  uint32_t leases = 0;
  int64_t started_unix = 0;
  std::vector<TransferProgress> in_progress;
  std::vector<std::string> problems;
};

// Where the bytes of a model come from and go to.
struct ModelTransfers {
  struct Source {
    std::string node;  // "" = the hub
    std::string zone;
    bool same_zone = false;
    uint64_t bytes = 0;
    uint64_t bytes_per_second = 0;
    uint32_t in_flight = 0;
  };
  struct Transfer {
    std::string receiver;
    std::string source;  // "" = the hub
    std::string path;
    uint32_t first_piece = 0;
    uint32_t pieces = 0;
  };
  std::string model;
  std::string manifest;
  std::string phase;
  std::optional<TransferProgress> progress;  // absent: it is here
  std::vector<Source> sources;               // of this node's download
  std::string coordinator;                   // "" = nobody that is known here
  std::vector<Transfer> transfers;           // of all nodes, where this one coordinates them
  std::vector<std::string> quarantined;      // nodes that this one found to send or attest wrong bytes
};

struct Damage {
  std::string blob;  // "sha256:.."; "" in a plain directory
  std::string problem;
  std::vector<std::string> models;
  std::vector<std::string> paths;
};

struct VerifyReport {
  uint32_t checked = 0;  // blobs or files
  uint64_t bytes = 0;
  std::vector<Damage> damage;
  std::vector<Finding> findings;  // of a deep one

  bool intact() const { return damage.empty() && findings.empty(); }
};

// One publish of one volume.
struct HeldLease {
  std::string volume_id;
  std::string target_path;
  std::string pod;   // "namespace/name" or ""
  std::string view;  // relative to the cache directory; "" until it is made

  friend auto operator<=>(const HeldLease&, const HeldLease&) = default;
};

struct WarmReport {
  uint64_t bytes = 0;       // of the model's files
  uint64_t held_bytes = 0;  // of them in memory
  uint64_t room_bytes = 0;  // that it could take
  std::string limited_by;   // "" = all of it is there
};

struct RemovedModel {
  std::vector<std::string> manifests;
  uint64_t freed_bytes = 0;
};

// What a collection of garbage did, or would do.
struct GarbageReport {
  struct Eviction {
    std::string what;      // a model, or what else it is
    std::string manifest;  // "" where it is no model
    std::string reason;    // for programs
    std::string why;       // for people
    uint64_t freed_bytes = 0;
  };
  struct Protected {
    std::string model;
    std::string manifest;
    std::string why;
  };
  bool dry_run = false;
  std::vector<Eviction> evictions;
  std::vector<Protected> stays;
  std::vector<std::string> problems;
  uint64_t freed_bytes = 0;
  uint64_t missing_bytes = 0;
  uint64_t protected_bytes = 0;
  uint64_t used_bytes = 0;
  uint64_t quota_bytes = 0;  // 0 = none
  uint64_t disk_free_bytes = 0;
  uint64_t disk_total_bytes = 0;
  int32_t high_threshold_percent = 100;  // 100 = never
  int32_t low_threshold_percent = 100;
  uint64_t min_available_bytes = 0;
};

using OnProgress = std::function<void(const TransferProgress&)>;

// Calls block; a stop ends them with Cancelled. Errors carry the daemon's code and text.
class CacheClient {
 public:
  virtual ~CacheClient() = default;
  // `layout`: "plain", "hf" or "hf-repo"; "" is plain.
  virtual Result<ReadyModel> Pull(const std::string& ref, const std::string& layout, const OnProgress& progress,
                                  std::stop_token stop) = 0;
  virtual Result<std::vector<CachedModel>> List(std::stop_token stop) = 0;
  virtual Result<NodeStatus> GetStatus(std::stop_token stop) = 0;
  virtual Result<std::vector<ModelTransfers>> Transfers(const std::string& model, std::stop_token stop) = 0;
  // `model`: a reference, a manifest digest, or "" for everything. `deep`: also whether the store is as it should be.
  virtual Result<VerifyReport> Verify(const std::string& model, bool deep, const OnProgress& progress,
                                      std::stop_token stop) = 0;
  virtual Result<WarmReport> Warm(const std::string& model, const OnProgress& progress, std::stop_token stop) = 0;
  virtual Result<std::vector<HeldLease>> Leases(std::stop_token stop) = 0;
  virtual Result<RemovedModel> Remove(const std::string& model, std::stop_token stop) = 0;
  virtual Result<GarbageReport> CollectGarbage(bool dry_run, std::stop_token stop) = 0;
};

// Unavailable where nobody answers at the socket, with what to do about it.
Result<std::unique_ptr<CacheClient>> ConnectToCache(const std::string& socket);

}  // namespace ballast::cli
