// What turns changes into reconciliations: a queue of keys, and workers that take one at a time.
//
//   Controller caches("caches", clock, [&](const std::string& key, const std::stop_token& stop) { ... });
//   const auto subscription = view.Subscribe([&](const ObjectSeen& seen) { caches.Add(seen.name.ToString()); });
//   caches.Run(2, stop);     // blocks; a leader's work
#pragma once

#include <atomic>
#include <functional>
#include <optional>
#include <stop_token>
#include <string>
#include <utility>

#include "base/clock.h"
#include "base/status.h"
#include "kube/work_queue.h"

namespace ballast::controller {

// When to come back by itself; nothing: when something changes.
using RequeueAfter = std::optional<Duration>;

// Observe, decide, execute, write the status last; at the first error it returns that error and is called again later.
// Never twice at once for one key.
using ReconcileKey = std::function<Result<RequeueAfter>(const std::string& key, const std::stop_token& stop)>;

struct ControllerCounts {
  std::atomic<uint64_t> reconciled{0};
  std::atomic<uint64_t> failed{0};
};

// Thread-safe.
class Controller {
 public:
  // `clock` outlives it.
  Controller(std::string name, const Clock& clock, ReconcileKey reconcile)
      : name_(std::move(name)), reconcile_(std::move(reconcile)), queue_(clock) {}

  void Add(const std::string& key) { queue_.Add(key); }
  void AddAfter(const std::string& key, Duration wait) { queue_.AddAfter(key, wait); }

  // Called with how each reconciliation ended, on the workers' threads. Before Run().
  void Observe(std::function<void(const Status&)> observer) { observer_ = std::move(observer); }

  // `workers` threads until `stop` is requested. Errors are logged and tried again with backoff.
  void Run(int workers, const std::stop_token& stop);
  // What is due, on the caller's thread, until nothing is: for tests. How many keys there were.
  int Drain();

  const std::string& name() const { return name_; }
  const ControllerCounts& counts() const { return counts_; }
  size_t depth() const { return queue_.depth(); }

 private:
  void Work(const std::stop_token& stop);
  void Handle(const std::string& key, const std::stop_token& stop);

  const std::string name_;
  const ReconcileKey reconcile_;
  std::function<void(const Status&)> observer_ = [](const Status&) {};
  WorkQueue queue_;
  ControllerCounts counts_;
};

}  // namespace ballast::controller
