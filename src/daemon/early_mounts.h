// Volumes that were mounted before their model was complete, and what they wait for. Kept over restarts: nobody calls
// again for a volume that is mounted, so the daemon itself has to go on.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/mutex.h"
#include "base/status.h"
#include "daemon/model_request.h"
#include "store/store.h"

namespace ballast {

struct EarlyMount {
  std::string volume_id;
  std::string target_path;
  Layout layout = Layout::kPlain;
  ModelRequest request;

  // What EarlyViews calls its view.
  std::string ViewName() const;

  friend bool operator==(const EarlyMount&, const EarlyMount&) = default;
};

std::string EarlyMountsToJson(const std::vector<EarlyMount>& all);
// InvalidArgument for anything that EarlyMountsToJson does not write.
Result<std::vector<EarlyMount>> EarlyMountsFromJson(std::string_view json);

// Those whose lease is there and does not name a complete model yet.
std::vector<EarlyMount> StillWaiting(const std::vector<EarlyMount>& all, const std::vector<Lease>& leases);

// Thread-safe. Lives in one small file, rewritten whole.
class EarlyMounts {
 public:
  // A file that can't be read is an error: pods may wait for what it says.
  static Result<std::unique_ptr<EarlyMounts>> Open(std::string file);

  // Durable when it returns.
  Status Add(const EarlyMount& mount);
  // Drops those that don't wait any more, and returns the others.
  Result<std::vector<EarlyMount>> Sync(const std::vector<Lease>& leases);

 private:
  EarlyMounts(std::string file, std::vector<EarlyMount> all) : file_(std::move(file)), all_(std::move(all)) {}
  Status Replace(std::vector<EarlyMount> all) REQUIRES(mutex_);

  const std::string file_;
  Mutex mutex_;
  std::vector<EarlyMount> all_ GUARDED_BY(mutex_);
};

}  // namespace ballast
