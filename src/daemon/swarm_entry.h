// When the downloads of a node begin that has just started: once it is in its swarm. Before that it would fetch from
// the origin what its peers have.
#pragma once

#include <functional>
#include <stop_token>
#include <string>

#include "base/clock.h"
#include "base/mutex.h"
#include "base/status.h"

namespace ballast {

// Thread-safe.
class SwarmEntry {
 public:
  struct Parts {
    const Clock& clock;  // outlives it
    Duration within;     // from now on: longer is waited for nothing; zero: nothing is waited for
    // What is still missing, a noun phrase for people; "" = nothing.
    std::function<std::string()> missing;
  };
  explicit SwarmEntry(Parts parts);

  // Returns OK once nothing is missing, or `within` has passed; then for ever, at once. `tell` hears what is waited
  // for. Cancelled: stopped.
  Status Await(const std::function<void(const std::string&)>& tell, const std::stop_token& stop);

 private:
  bool IsOver(const std::string& missing) EXCLUDES(mutex_);

  const Parts parts_;
  const SteadyTime until_;
  Mutex mutex_;
  CondVar changed_;
  bool over_ GUARDED_BY(mutex_) = false;
};

}  // namespace ballast
