// What ballastd counts, in Prometheus' text format.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>

#include "base/status.h"

namespace prometheus {
class Registry;
}

namespace ballast {

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
  uint32_t manifest_errors = 0;  // files of the manifest folder whose last good version stays in effect
};

// Thread-safe.
class DaemonMetrics {
 public:
  explicit DaemonMetrics(const std::string& version);
  ~DaemonMetrics();

  void CountOriginBytes(uint64_t bytes);
  void CountDownload(const Status& end);  // one attempt; counted under the status code's name
  void CountPrepare(const Status& end, double seconds);
  void CountStale();  // served what is here because the origin did not answer

  std::string Render(const Gauges& now);

  // Where other parts register what they count; rendered with the rest.
  prometheus::Registry& registry();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace ballast
