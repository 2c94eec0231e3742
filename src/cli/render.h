// What the commands print, as pure functions: text for people, JSON for programs. The JSON's fields are stable;
// README.md lists them.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "cli/cache_client.h"
#include "cli/certs.h"

namespace ballast::cli {

// What `pull --to` did.
struct PulledDirectory {
  std::string model;
  std::string commit;
  std::string manifest;
  std::string dir;
  uint32_t files = 0;
  uint64_t bytes = 0;
  uint64_t bytes_fetched = 0;
  uint32_t files_found = 0;  // here already
  std::chrono::milliseconds took{0};
};

// What `wait` came to know.
struct WaitedDirectory {
  std::string dir;
  std::string how;  // "ready", "complete" (all files are there), "no-index" (a directory without .ballast)
  uint32_t files = 0;
  uint64_t bytes = 0;
  std::chrono::milliseconds took{0};
};

// "43% (12.3 of 28.6 GiB, 1.1 GiB/s, about 15 s)"; "resolving"; "waiting: hub answers 503; next try in 4.0 s".
std::string ProgressText(const TransferProgress& progress);
// One line of at most `width` columns with a bar.
std::string ProgressBar(const TransferProgress& progress, int width);

std::string Text(const PulledDirectory& pulled);
std::string Text(const ReadyModel& ready);
std::string Text(const WaitedDirectory& waited);
std::string Text(const std::vector<CachedModel>& models, WallTime now);
std::string Text(const NodeStatus& status, WallTime now);
std::string Text(const std::vector<ModelTransfers>& models);
std::string Text(const VerifyReport& report, const std::string& what);
std::string Text(const WarmReport& report, const std::string& model);
std::string Text(const RemovedModel& removed, const std::string& model);
std::string Text(const GarbageReport& report);
std::string Text(const MadeAuthority& made);
std::string Text(const IssuedFiles& issued);

std::string Json(const PulledDirectory& pulled);
std::string Json(const ReadyModel& ready);
std::string Json(const WaitedDirectory& waited);
std::string Json(const std::vector<CachedModel>& models);
std::string Json(const NodeStatus& status);
std::string Json(const std::vector<ModelTransfers>& models);
std::string Json(const VerifyReport& report);
std::string Json(const WarmReport& report);
std::string Json(const RemovedModel& removed);
std::string Json(const GarbageReport& report);
std::string Json(const MadeAuthority& made);
std::string Json(const IssuedFiles& issued);
std::string Json(const Status& error);

}  // namespace ballast::cli
