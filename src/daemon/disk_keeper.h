// What keeps this node's disk as it shall be: the collector and its rounds, the scrubber, what leaves memory, and who
// hears of what they did.
#pragma once

#include <functional>
#include <string>
#include <thread>

#include "base/clock.h"
#include "daemon/collector.h"
#include "daemon/collector_loop.h"
#include "daemon/cooling.h"
#include "daemon/daemon_swarm.h"
#include "daemon/disk_intents.h"
#include "daemon/metrics.h"
#include "daemon/model_manager.h"
#include "daemon/pod_events.h"
#include "daemon/resolutions.h"
#include "daemon/scrubber.h"

namespace ballast {

// Thread-safe.
class DiskKeeper {
 public:
  // All that is referred to outlives it.
  struct Parts {
    Store& store;
    InUse& in_use;
    ModelManager& manager;
    Resolutions& resolutions;
    const DiskIntents& intents;
    const Clock& clock;
    DaemonSwarm* swarm = nullptr;                                                      // null: in none
    PodEvents* events = nullptr;                                                       // null: nobody to tell
    std::function<void(const std::string& what)> evicted = [](const std::string&) {};  // once for each batch
    Duration look_every;
    std::function<void()> each_look = [] {};
    std::string scrub_file;
    uint64_t scrub_bytes_per_second = 0;
    Duration drop_after = Duration::zero();  // Cooling
  };

  explicit DiskKeeper(Parts parts);
  ~DiskKeeper() { Stop(); }
  DiskKeeper(const DiskKeeper&) = delete;
  DiskKeeper& operator=(const DiskKeeper&) = delete;

  // Rounds and scrubbing begin. To be called once.
  void Start();
  // Waits for what is at work; what still calls is served.
  void Stop();

  // The policy, or what is wanted, may be another now.
  void Wake() { loop_.Wake(); }
  // Before a download; its end as Collector::MakeRoom().
  Status MakeRoom(const ModelRequest& request, uint64_t bytes);
  Collector& collector() { return collector_; }
  Cooling& cooling() { return cooling_; }
  DiskGauges gauges() const;

 private:
  void Collected(const Collection& collection);
  void Damaged(const ScrubFinding& finding);

  const Parts parts_;
  Collector collector_;
  Cooling cooling_;
  CollectorLoop loop_;
  Scrubber scrubber_;
  std::jthread scrubbing_;
};

}  // namespace ballast
