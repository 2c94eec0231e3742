// Reads every blob again from the disk, slowly, one after another: a bit that flipped, a file that was cut or removed
// behind our back is found before a pod finds it.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "base/clock.h"
#include "base/mutex.h"
#include "daemon/rate_limit.h"
#include "store/store.h"

namespace ballast {

// What was found, and what was done: the blob is gone, the models are fetched again where they are wanted.
struct ScrubFinding {
  BlobDamage damage;
  std::vector<StoredModel> models;
  std::vector<Lease> volumes;  // that have the damaged file mounted
};

struct ScrubCounts {
  uint64_t blobs = 0;
  uint64_t bytes = 0;
  uint64_t damaged = 0;
  uint64_t passes = 0;
};

// The blob that follows `after` in their order; nothing: the pass is over.
std::optional<Digest> NextToScrub(const std::vector<StoredBlob>& blobs, const std::optional<Digest>& after);

// Thread-safe.
class Scrubber {
 public:
  struct Options {
    uint64_t bytes_per_second = 0;           // 0: never
    Duration rest = std::chrono::hours(24);  // between two passes
  };
  // Waits that long; false: it was told to stop.
  using Wait = std::function<bool(Duration, const std::stop_token&)>;
  using Found = std::function<void(const ScrubFinding&)>;

  // What is given outlives it. The place where a pass stands is kept in `file`, so that restarts don't begin it anew.
  Scrubber(Store& store, std::string file, Options options, const Clock& clock, Wait wait, Found found);

  // Goes on until it is stopped.
  void Run(const std::stop_token& stop);
  // One blob; false: the pass is over, or it was told to stop.
  bool Step(const std::stop_token& stop);

  ScrubCounts counts() const;

 private:
  void Check(const Digest& blob, const std::stop_token& stop);
  void Discard(const BlobDamage& damage);
  void Keep();

  Store& store_;
  const std::string file_;
  const Options options_;
  const Clock& clock_;
  const Wait wait_;
  const Found found_;
  RateLimit rate_;
  std::optional<Digest> after_;
  mutable Mutex mutex_;
  ScrubCounts counts_ GUARDED_BY(mutex_);
};

}  // namespace ballast
