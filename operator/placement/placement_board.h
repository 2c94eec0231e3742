// Where the last plan stands for all to read.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <utility>

#include "base/mutex.h"
#include "operator/placement/placement.h"

namespace ballast::controller {

// What a CacheNode is to be instead of what it was when the plan was made.
struct PlannedNode {
  std::shared_ptr<const CacheNodeSpec> spec;
  // Of what was there when the plan was made; "": nothing.
  std::string uid;
  std::string resource_version;

  bool IsMadeFrom(const CacheNode* node) const {
    if (node == nullptr) return uid.empty();
    return uid == node->metadata.uid && resource_version == node->metadata.resource_version;
  }
};

struct BoardState {
  std::map<std::string, CacheDecision> caches;
  std::map<std::string, PlannedNode> nodes;  // only those that are not as they shall be
  PolicyChoice policies;
  LargeEvictions large_evictions;
};

// Thread-safe.
class PlacementBoard {
 public:
  // Never null; empty before the first plan.
  std::shared_ptr<const BoardState> Read() const {
    MutexLock lock(mutex_);
    return state_;
  }
  void Write(std::shared_ptr<const BoardState> state) {
    MutexLock lock(mutex_);
    state_ = std::move(state);
  }

 private:
  mutable Mutex mutex_;
  std::shared_ptr<const BoardState> state_ GUARDED_BY(mutex_) = std::make_shared<BoardState>();
};

}  // namespace ballast::controller
