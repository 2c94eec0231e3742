// epoll, and a way to wake who waits in it.
#pragma once

#include <chrono>
#include <cstdint>
#include <vector>

#include "base/status.h"
#include "base/unique_fd.h"

namespace ballast {

// Of one thread, but for Wake().
class PollSet {
 public:
  enum class For : uint8_t { kRead, kWrite };
  static constexpr uint64_t kWoken = UINT64_MAX;

  static Result<PollSet> Make();

  // Each is reported once, then it must be armed again. A descriptor leaves when it is closed.
  Status Add(int fd, uint64_t id, For what);
  void Arm(int fd, uint64_t id, For what);

  // The ids that are ready (kWoken: a Wake() since), at most 64; none: `timeout` passed. Negative: it waits for ever.
  std::vector<uint64_t> Wait(std::chrono::milliseconds timeout);
  void Wake() const;

 private:
  PollSet(UniqueFd poll, UniqueFd event) : poll_(std::move(poll)), event_(std::move(event)) {}

  UniqueFd poll_;
  UniqueFd event_;
};

}  // namespace ballast
