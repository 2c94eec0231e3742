// What policy is in effect on a node without Kubernetes.
#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "api/cache_node.h"
#include "base/mutex.h"

namespace ballast {

struct PolicyInEffect {
  NodePolicy policy;
  std::vector<std::string> problems;  // of another one that waits; one sentence each
};

// Thread-safe.
class CurrentPolicy {
 public:
  explicit CurrentPolicy(NodePolicy configured) { Set({.policy = std::move(configured)}); }

  void Set(PolicyInEffect now) {
    MutexLock lock(mutex_);
    now_ = std::make_shared<const PolicyInEffect>(std::move(now));
  }
  // Never null.
  std::shared_ptr<const PolicyInEffect> Get() const {
    MutexLock lock(mutex_);
    return now_;
  }

 private:
  mutable Mutex mutex_;
  std::shared_ptr<const PolicyInEffect> now_ GUARDED_BY(mutex_);
};

}  // namespace ballast
