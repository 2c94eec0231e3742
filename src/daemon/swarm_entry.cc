#include "daemon/swarm_entry.h"

#include <utility>

#include "base/logging.h"
#include "base/strings.h"

namespace ballast {
namespace {

constexpr std::chrono::milliseconds kLookEvery{50};

}  // namespace

SwarmEntry::SwarmEntry(Parts parts) : parts_(std::move(parts)), until_(parts_.clock.Steady() + parts_.within) {}

bool SwarmEntry::IsOver(const std::string& missing) {
  MutexLock lock(mutex_);
  if (over_) return true;
  const bool late = parts_.clock.Steady() >= until_;
  over_ = missing.empty() || late;
  if (over_ && !missing.empty() && parts_.within > Duration::zero()) {
    LOG(WARNING)
        << Message("This node is not in its swarm yet; its downloads begin all the same").With("waited for", missing);
  }
  return over_;
}

Status SwarmEntry::Await(const std::function<void(const std::string&)>& tell, const std::stop_token& stop) {
  const std::stop_callback wake(stop, [this] {
    MutexLock lock(mutex_);
    changed_.NotifyAll();
  });
  std::string told;
  while (!stop.stop_requested()) {
    std::string missing = parts_.missing();
    if (IsOver(missing)) return OkStatus();
    if (missing != told) tell(told = std::move(missing));
    const SteadyTime next = std::chrono::steady_clock::now() + kLookEvery;  // the condition variable's clock
    MutexLock lock(mutex_);
    if (!stop.stop_requested()) changed_.WaitUntil(mutex_, next);
  }
  return Cancelled("stopped");
}

}  // namespace ballast
