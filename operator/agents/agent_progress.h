// What agents say of their downloads, which nobody writes into objects.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <stop_token>
#include <string>
#include <vector>

#include "base/mutex.h"
#include "base/status.h"
#include "operator/caches/cache_reconciler.h"
#include "operator/cluster_objects.h"

namespace ballast::controller {

// One entry of a node's CacheNode.
struct EntryProgress {
  std::string cache;
  std::string manifest;
  std::string phase;
  uint64_t bytes_done = 0;
  uint64_t bytes_total = 0;
  uint64_t bytes_per_second = 0;
  uint32_t mounts = 0;

  friend bool operator==(const EntryProgress&, const EntryProgress&) = default;
};

// The world begins behind this. Thread-safe.
class AgentProgress {
 public:
  virtual ~AgentProgress() = default;
  virtual Result<std::vector<EntryProgress>> Ask(const AgentEndpoint& agent, const std::stop_token& stop) = 0;
  // Nobody will be asked for a while: what is kept for that may go.
  virtual void Rest() {}
};

// What was heard last. Thread-safe.
class ProgressBook {
 public:
  // Of caches that are in it.
  std::optional<CacheProgress> Of(const std::string& cache) const {
    MutexLock lock(mutex_);
    const auto found = caches_.find(cache);
    if (found == caches_.end()) return std::nullopt;
    return found->second;
  }
  void Write(std::map<std::string, CacheProgress> caches) {
    MutexLock lock(mutex_);
    caches_ = std::move(caches);
  }

 private:
  mutable Mutex mutex_;
  std::map<std::string, CacheProgress> caches_ GUARDED_BY(mutex_);
};

}  // namespace ballast::controller
