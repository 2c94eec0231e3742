// What ballastd counts, in Prometheus' text format.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "base/status.h"
#include "daemon/transfer_counts.h"
#include "swarm/messages.h"

namespace prometheus {
class Registry;
}

namespace ballast {

struct SwarmGauges {
  bool active = false;                  // false: no certificate, say
  int64_t certificate_expiry_unix = 0;  // 0: it has none
  uint32_t members = 0;
  uint32_t uploads = 0;  // pieces being sent
  uint64_t uploaded_bytes = 0;
  uint64_t quarantined_nodes = 0;  // found by this node, where it coordinates
  // On the port for pieces:
  uint64_t failed_handshakes = 0;
  uint64_t dropped_connections = 0;
};

struct DiskGauges {
  std::map<std::string, uint64_t> evictions;    // by reason
  std::map<std::string, uint64_t> freed_bytes;  // by reason
  uint64_t protected_bytes = 0;                 // of what may not be evicted
  uint64_t scrubbed_blobs = 0;
  uint64_t scrubbed_bytes = 0;
  uint64_t damaged_blobs = 0;
  uint64_t scrub_passes = 0;
  uint64_t dropped_bytes = 0;  // from memory
};

// What a scrape reads at its moment rather than counts as it goes.
struct Gauges {
  std::map<std::string, uint32_t> models;  // by phase
  uint64_t used_bytes = 0;
  uint64_t reserved_bytes = 0;
  uint64_t quota_bytes = 0;
  uint64_t disk_free_bytes = 0;
  uint64_t disk_total_bytes = 0;
  uint32_t blobs = 0;
  uint32_t leases = 0;
  std::map<SourceKind, uint32_t> in_flight;  // requests of downloads
  DiskGauges disk;
  std::optional<SwarmGauges> swarm;  // absent: this node is in none
  uint32_t manifest_errors = 0;      // problems of the manifest folder, as `ballast status` shows them
};

// Thread-safe.
class DaemonMetrics {
 public:
  explicit DaemonMetrics(const std::string& version);
  ~DaemonMetrics();

  void CountBytes(SourceKind from, uint64_t bytes);
  // A model became ready: so much of it was here before, so much came out of the origin for it.
  void CountReady(const std::string& model, uint64_t local_bytes, uint64_t origin_bytes);
  void CountDownload(const Status& end);  // one attempt; counted under the status code's name
  void CountPrepare(const Status& end, double seconds);
  void CountStale();  // served what is here because the origin did not answer

  void CountHedge();                     // another source was given for a piece that is late
  void CountWithdrawn(uint64_t pieces);  // dropped, because their attester was found to be bad
  void CountFailedPieces(FailureReason reason, uint64_t pieces);
  void CountDistrusted();  // a node sent other bytes than it was asked for

  std::string Render(const Gauges& now);

  // Where other parts register what they count; rendered with the rest.
  prometheus::Registry& registry();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace ballast
