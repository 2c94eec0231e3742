// Keeps the policy in effect that a manifests folder asks for, and has one wait that would evict too much at once.
#pragma once

#include <functional>
#include <optional>
#include <string>

#include "api/manifests.h"
#include "base/clock.h"
#include "base/mutex.h"
#include "daemon/collector.h"
#include "daemon/config.h"
#include "daemon/current_policy.h"
#include "daemon/policy_guard.h"

namespace ballast {

// Thread-safe.
class PolicyKeeper {
 public:
  // All that is referred to outlives it.
  struct Parts {
    const DaemonConfig& config;
    const Clock& clock;
    CurrentPolicy& current;
    std::string file;                                      // what was in effect before a restart
    std::function<Collection(const NodePolicy&)> explain;  // what would go by it now
    std::function<uint64_t()> used_bytes;
    std::function<void(const NodePolicy&)> obey;  // it came into effect; must not call back
  };

  explicit PolicyKeeper(Parts parts);

  // This is what the folder asks for from now on.
  void Set(std::optional<PolicyManifest> manifest);
  // The time of what waits may have come. To be called every now and then; does nothing where nothing waits.
  void Look();

 private:
  void Decide() REQUIRES(mutex_);
  void Obey() REQUIRES(mutex_);
  void Remember() REQUIRES(mutex_);
  std::string WhyItWaits(const Collection& would, uint64_t used_bytes) const REQUIRES(mutex_);

  const Parts parts_;
  Mutex mutex_;
  std::optional<PolicyManifest> manifest_ GUARDED_BY(mutex_);
  GuardedPolicy guarded_ GUARDED_BY(mutex_);
  NodePolicy remembered_ GUARDED_BY(mutex_);  // in the file; without a name: none is, or the configuration says it all
  bool obeyed_ GUARDED_BY(mutex_) = false;    // by this process
};

}  // namespace ballast
