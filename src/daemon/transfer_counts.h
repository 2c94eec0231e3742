// Where the bytes of one download come from.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/mutex.h"
#include "fetch/rate_meter.h"

namespace ballast {

enum class SourceKind { kOrigin, kSameZone, kOtherZone };

// One of them, as it was at one moment.
struct TransferSource {
  SourceKind kind = SourceKind::kOrigin;
  std::string name;  // of the node; "" = the origin
  std::string zone;  // of the node
  uint64_t bytes = 0;
  uint64_t bytes_per_second = 0;  // over the last seconds
  uint32_t in_flight = 0;         // requests that wait for bytes

  friend bool operator==(const TransferSource&, const TransferSource&) = default;
};

// From all sources of one of the kinds, and from all nodes.
uint64_t BytesFrom(const std::vector<TransferSource>& sources, SourceKind kind);
uint64_t BytesFromPeers(const std::vector<TransferSource>& sources);

// Thread-safe.
class TransferCounts {
 public:
  struct Who {
    SourceKind kind = SourceKind::kOrigin;
    std::string name;
    std::string zone;
  };

  // While one is held, a request to `who` waits for its bytes. `counts` outlives it.
  class [[nodiscard]] InFlight {
   public:
    InFlight(TransferCounts& counts, const Who& who) : counts_(counts), name_(who.name) { counts.Begin(who); }
    ~InFlight() { counts_.End(name_); }
    InFlight(const InFlight&) = delete;
    InFlight& operator=(const InFlight&) = delete;

    void Received(uint64_t bytes) const { counts_.Add(name_, bytes); }

   private:
    TransferCounts& counts_;
    const std::string name_;
  };

  // The origin first, then by name. Rates come from one call to the next.
  std::vector<TransferSource> Look(SteadyTime now);

 private:
  struct Counted {
    TransferSource source;
    RateMeter rate;
  };

  void Begin(const Who& who);
  void Add(const std::string& name, uint64_t bytes);
  void End(const std::string& name);

  Mutex mutex_;
  std::map<std::string, Counted> sources_ GUARDED_BY(mutex_);
};

}  // namespace ballast
