// The shell of the download brain: threads that carry out what Step decides.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>

#include "base/backoff.h"
#include "base/clock.h"
#include "core/manifest.h"
#include "fetch/destination.h"
#include "fetch/source.h"
#include "fetch/swarm_part.h"

namespace ballast {

struct FetchOptions {
  int max_streams = 16;  // threads; connections at once
  int max_streams_per_file = 8;
  uint64_t min_extent = 8 << 20;  // bytes; a file is not shared among streams in smaller ranges
  int max_failures = 8;           // of one file, in a row, without progress; then the fetch fails with the last error
  BackoffPolicy backoff;
  std::chrono::milliseconds progress_interval{500};
};

struct FetchProgress {
  uint64_t bytes_done = 0;  // what was here before included
  uint64_t bytes_total = 0;
  uint64_t bytes_per_second = 0;  // over the last seconds
  uint32_t files_done = 0;        // proven
  uint32_t files_total = 0;
  std::optional<std::chrono::milliseconds> remaining;  // at this rate
  std::string waiting_for;                             // why nothing moves, for people; else ""
};

// Every call comes from the thread that called FetchModel.
class ProgressSink {
 public:
  virtual ~ProgressSink() = default;
  virtual void OnProgress(const FetchProgress& progress) = 0;               // every progress_interval, and at the end
  virtual void OnProven(const RemoteFile& file, const Digest& digest) = 0;  // once per file, also for those found here
  virtual void OnMessage(const std::string& text) = 0;  // what a person should know: fetched again, ..
};

struct FetchedModel {
  Manifest manifest;
  OriginRecord origin;
  uint64_t bytes_fetched = 0;  // that came in this call, from the source and from other nodes
  uint64_t bytes_from_nodes = 0;
  uint32_t files_found = 0;  // that were here before it
};

// Brings every file of `model` to `destination`, each proven; blocks. An error leaves what was received for the next
// attempt. Errors: those of Origin::Read that time doesn't cure, at once; those it does, after max_failures attempts
// without progress; DataLoss "expected .., got .." where a file came with wrong bytes twice; FailedPrecondition where
// it changed at the origin (resolve again); the destination's own; Cancelled where `stop` asked for it.
Result<FetchedModel> FetchModel(const ResolvedModel& model, Source& source, Destination& destination,
                                const FetchOptions& options, const Clock& clock, ProgressSink& progress,
                                std::stop_token stop);

// The same as a part of a swarm: what comes from where is said by its coordinator, and checked here. The origin's error
// is the download's only where no node brings anything for long, either.
Result<FetchedModel> FetchInSwarm(const ResolvedModel& model, Source& source, const SwarmPart& part,
                                  Destination& destination, const FetchOptions& options, const Clock& clock,
                                  ProgressSink& progress, std::stop_token stop);

}  // namespace ballast
