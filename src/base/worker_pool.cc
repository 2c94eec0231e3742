#include "base/worker_pool.h"

#include <pthread.h>

#include "base/thread.h"

namespace ballast {

WorkerPool::WorkerPool(const std::string& name, int threads) : name_(name.substr(0, 15)) {
  for (int i = 0; i < threads; ++i) {
    threads_.push_back(StartThread([this](std::stop_token stop) { Run(std::move(stop)); }));
  }
}

WorkerPool::~WorkerPool() { Stop(); }

bool WorkerPool::Submit(Task task) {
  MutexLock lock(mutex_);
  if (stopping_) return false;
  queue_.push_back(std::move(task));
  changed_.NotifyOne();
  return true;
}

void WorkerPool::Stop() {
  {
    MutexLock lock(mutex_);
    stopping_ = true;
    queue_.clear();
    changed_.NotifyAll();
  }
  for (std::jthread& thread : threads_) thread.request_stop();
  threads_.clear();  // joins
}

bool WorkerPool::Take(Task& task, const std::stop_token& stop) {
  MutexLock lock(mutex_);
  while (queue_.empty() && !stopping_ && !stop.stop_requested()) changed_.Wait(mutex_);
  if (stopping_ || stop.stop_requested()) return false;
  task = std::move(queue_.front());
  queue_.pop_front();
  return true;
}

void WorkerPool::Run(std::stop_token stop) {
  pthread_setname_np(pthread_self(), name_.c_str());
  Task task;
  while (Take(task, stop)) {
    task(stop);
    task = nullptr;  // what it captured goes before the next wait
  }
}

}  // namespace ballast
