// Mutex, MutexLock and CondVar with clang's thread-safety annotations (checked by -Wthread-safety in clang presets).
#pragma once

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <stop_token>

#if defined(__clang__)
#define BALLAST_ANNOTATE(x) __attribute__((x))
#else
#define BALLAST_ANNOTATE(x)
#endif

// Debian's abseil, which gRPC's headers include, defines two of the same names with the same meaning.
#undef GUARDED_BY
#undef NO_THREAD_SAFETY_ANALYSIS

#define CAPABILITY(x) BALLAST_ANNOTATE(capability(x))
#define SCOPED_CAPABILITY BALLAST_ANNOTATE(scoped_lockable)
#define GUARDED_BY(x) BALLAST_ANNOTATE(guarded_by(x))
#define REQUIRES(...) BALLAST_ANNOTATE(requires_capability(__VA_ARGS__))
#define EXCLUDES(...) BALLAST_ANNOTATE(locks_excluded(__VA_ARGS__))
#define ACQUIRE(...) BALLAST_ANNOTATE(acquire_capability(__VA_ARGS__))
#define RELEASE(...) BALLAST_ANNOTATE(release_capability(__VA_ARGS__))
#define NO_THREAD_SAFETY_ANALYSIS BALLAST_ANNOTATE(no_thread_safety_analysis)

namespace ballast {

class CAPABILITY("mutex") Mutex {
 public:
  void Lock() ACQUIRE() { mutex_.lock(); }
  void Unlock() RELEASE() { mutex_.unlock(); }
  // BasicLockable, for CondVar.
  void lock() ACQUIRE() { mutex_.lock(); }      // NOLINT(readability-identifier-naming)
  void unlock() RELEASE() { mutex_.unlock(); }  // NOLINT(readability-identifier-naming)

 private:
  std::mutex mutex_;
};

class SCOPED_CAPABILITY MutexLock {
 public:
  explicit MutexLock(Mutex& mutex) ACQUIRE(mutex) : mutex_(mutex) { mutex_.Lock(); }
  ~MutexLock() RELEASE() { mutex_.Unlock(); }
  MutexLock(const MutexLock&) = delete;
  MutexLock& operator=(const MutexLock&) = delete;

 private:
  Mutex& mutex_;
};

// Waits need no predicate: call them in a `while (!condition)` loop, so that the analysis sees the guarded reads.
class CondVar {
 public:
  void NotifyOne() { condition_.notify_one(); }
  void NotifyAll() { condition_.notify_all(); }

  void Wait(Mutex& mutex) REQUIRES(mutex) { condition_.wait(mutex); }
  // False: the deadline has passed.
  bool WaitUntil(Mutex& mutex, std::chrono::steady_clock::time_point deadline) REQUIRES(mutex) {
    return condition_.wait_until(mutex, deadline) == std::cv_status::no_timeout;
  }

 private:
  std::condition_variable_any condition_;
};

}  // namespace ballast
