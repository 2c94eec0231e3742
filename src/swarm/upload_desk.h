// Between the thread that reads requests and those that answer them.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <vector>

#include "base/mutex.h"
#include "swarm/piece_connection.h"
#include "swarm/piece_server.h"
#include "swarm/upload_queue.h"

namespace ballast {

// Thread-safe.
class UploadDesk {
 public:
  using Connection = std::unique_ptr<PieceConnection>;
  struct Answered {
    Connection connection;
    bool more = false;  // it may ask again
  };
  struct Job {
    Connection connection;
    UploadQueue::Upload upload;
  };

  // `wake` is called when there is something for TakeAnswered().
  UploadDesk(const UploadLimits& limits, std::function<void()> wake) : queue_(limits), wake_(std::move(wake)) {}

  // False: too many wait; the connection stays the caller's.
  bool Submit(Connection& connection);
  std::vector<Answered> TakeAnswered();

  // For senders. nullopt: the end.
  std::optional<Job> Take();
  void Return(Job job, bool more);

  // No job is taken any more, and those under way lose their connection.
  void Stop();

  uint32_t uploads() const;  // under way and in line

  void CountSent(const std::string& node, uint64_t bytes);
  void CountRefused(int code);
  void CountCut();
  void CountDropped();
  void CountHandshakeFailure();
  void CountConnections(size_t all, size_t strangers);
  PieceServerCounters Counters() const;

 private:
  mutable Mutex mutex_;
  CondVar changed_;
  UploadQueue queue_ GUARDED_BY(mutex_);
  std::map<uint64_t, Connection> waiting_ GUARDED_BY(mutex_);
  std::map<uint64_t, const Wire*> active_ GUARDED_BY(mutex_);
  std::vector<Answered> answered_ GUARDED_BY(mutex_);
  PieceServerCounters counters_ GUARDED_BY(mutex_);
  bool stopping_ GUARDED_BY(mutex_) = false;
  const std::function<void()> wake_;
};

}  // namespace ballast
