// Whose request is answered next. A state machine: no threads.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <string>

namespace ballast {

struct UploadLimits {
  size_t waiting = 256;        // requests, of all nodes
  size_t active_per_node = 8;  // answers to one node at once
};

// Not thread-safe.
class UploadQueue {
 public:
  struct Upload {
    uint64_t id;
    std::string node;
  };

  explicit UploadQueue(const UploadLimits& limits) : limits_(limits) {}

  // False: too many wait.
  bool Add(Upload upload);
  // The first in line among those whose node is being sent the least, if that is not too much already. It is active
  // until Done().
  std::optional<Upload> Take();
  void Done(const Upload& upload);

  size_t waiting() const { return waiting_.size(); }
  size_t active() const { return active_; }

 private:
  size_t ActiveOf(const std::string& node) const;

  const UploadLimits limits_;
  std::deque<Upload> waiting_;
  std::map<std::string, size_t> per_node_;
  size_t active_ = 0;
};

}  // namespace ballast
