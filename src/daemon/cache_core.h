// What the calls of the local API work with.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/logging.h"
#include "base/mutex.h"
#include "base/worker_pool.h"
#include "daemon/admissions.h"
#include "daemon/collector.h"
#include "daemon/cooling.h"
#include "daemon/daemon_swarm.h"
#include "daemon/downloader.h"
#include "daemon/early_mounts.h"
#include "daemon/in_use.h"
#include "daemon/inventory.h"
#include "daemon/metrics.h"
#include "daemon/model_manager.h"
#include "daemon/pod_events.h"
#include "daemon/resolutions.h"
#include "store/store.h"

namespace ballast {

// What a status says that does not change while the daemon runs.
struct NodeFacts {
  std::string version;
  std::string node;
  std::vector<std::string> volume_sources;
  int64_t started_unix = 0;
  int32_t warm_percent = 50;  // of the memory that is available
};

// References to parts that outlive every call; each is thread-safe.
struct CacheCore {
  const NodeFacts& facts;
  Store& store;
  Resolutions& resolutions;
  EarlyMounts& early_mounts;
  Downloader& downloader;
  ModelManager& manager;
  Admissions& admissions;
  DaemonMetrics& metrics;
  const Clock& clock;
  DaemonSwarm* swarm = nullptr;  // null: in none
  PodEvents* events = nullptr;   // null: nobody to tell
  InUse in_use;
  Collector* collector = nullptr;  // made right after this, as the next
  Cooling* cooling = nullptr;

  // Volumes that were mounted early and still wait keep their model wanted. Called when one came or may have gone.
  void SyncEarlyMounts() {
    const Result<std::vector<EarlyMount>> waiting = early_mounts.Sync(store.leases().List());
    if (waiting.ok()) return manager.SetMountedEarly(*waiting);
    LOG(ERROR) << Message("Cannot record which volumes wait for their model").With("error", waiting.status());
  }

  NodeView View() const {
    return {.models = store.models().List(),
            .leases = store.leases().List(),
            .jobs = manager.Jobs(),
            .resolutions = resolutions.All()};
  }
};

}  // namespace ballast
