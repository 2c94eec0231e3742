// A fixed number of threads that run tasks in the order of their coming.
#pragma once

#include <deque>
#include <functional>
#include <stop_token>
#include <string>
#include <thread>
#include <vector>

#include "base/mutex.h"

namespace ballast {

// Thread-safe. Tasks must not throw. The destructor stops: it asks running tasks to stop, drops the ones not yet begun
// and waits for the threads.
class WorkerPool {
 public:
  using Task = std::function<void(std::stop_token)>;

  // `name` (at most 15 bytes) is what `top -H` shows.
  WorkerPool(const std::string& name, int threads);
  ~WorkerPool();
  WorkerPool(const WorkerPool&) = delete;
  WorkerPool& operator=(const WorkerPool&) = delete;

  // False: the pool is stopping, the task was dropped.
  bool Submit(Task task);
  void Stop();

 private:
  void Run(std::stop_token stop);
  bool Take(Task& task, const std::stop_token& stop);

  const std::string name_;
  Mutex mutex_;
  CondVar changed_;
  std::deque<Task> queue_ GUARDED_BY(mutex_);
  bool stopping_ GUARDED_BY(mutex_) = false;
  std::vector<std::jthread> threads_;
};

}  // namespace ballast
