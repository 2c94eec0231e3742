// Which nodes this node, where it coordinates a model, found to send or attest wrong bytes of it: for people. Deciding
// is the coordinator's part, which forgets with its swarm; this stays until others take its place.
#pragma once

#include <cstdint>
#include <deque>
#include <string>
#include <vector>

#include "base/mutex.h"
#include "core/digest.h"

namespace ballast {

// Thread-safe.
class QuarantineBook {
 public:
  static constexpr size_t kMostKept = 1000;

  void Add(const Digest& model, const std::string& node);
  std::vector<std::string> Of(const Digest& model) const;  // each once, by name
  uint64_t count() const;                                  // since the start

 private:
  struct Entry {
    Digest model;
    std::string node;
  };

  mutable Mutex mutex_;
  std::deque<Entry> entries_ GUARDED_BY(mutex_);
  uint64_t count_ GUARDED_BY(mutex_) = 0;
};

}  // namespace ballast
