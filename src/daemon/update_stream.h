// One server-side stream of updates in gRPC's callback form: many of them wait without a thread each.
#pragma once

#include <grpcpp/support/server_callback.h>

#include <optional>
#include <utility>

#include "base/mutex.h"
#include "base/status.h"
#include "proto/ballastd_status.h"

namespace ballast {

// A slow reader gets the latest update, not all of them. Thread-safe until End(), after which its caller must not touch
// the stream any more. The stream deletes itself once gRPC is done with it.
template <typename Update>
class UpdateStream : public grpc::ServerWriteReactor<Update> {
 public:
  void Offer(Update update) EXCLUDES(mutex_) {
    MutexLock lock(mutex_);
    if (ended_) return;
    if (writing_) {
      next_ = std::move(update);
    } else {
      Write(std::move(update));
    }
  }

  // Sends `last`, if any, then ends the call. Only the first End() counts.
  void End(Status status, std::optional<Update> last = std::nullopt) EXCLUDES(mutex_) {
    {
      MutexLock lock(mutex_);
      if (ended_) return;
      ended_ = true;
      next_ = std::move(last);
      status_ = std::move(status);
      if (writing_) return;  // OnWriteDone goes on
      if (WriteNext()) return;
    }
    this->Finish(SaidByBallastd(status_));
  }

  void OnWriteDone(bool ok) final EXCLUDES(mutex_) {
    {
      MutexLock lock(mutex_);
      writing_ = false;
      if (!ok) next_.reset();
      if (WriteNext() || !ended_) return;
    }
    this->Finish(SaidByBallastd(status_));
  }

  // Overridden by what must let go of the stream first.
  void OnDone() override { delete this; }

 private:
  void Write(Update update) REQUIRES(mutex_) {
    current_ = std::move(update);
    writing_ = true;
    this->StartWrite(&current_);
  }

  bool WriteNext() REQUIRES(mutex_) {
    if (!next_) return false;
    Write(*std::exchange(next_, std::nullopt));
    return true;
  }

  Mutex mutex_;
  Update current_ GUARDED_BY(mutex_);
  std::optional<Update> next_ GUARDED_BY(mutex_);
  bool writing_ GUARDED_BY(mutex_) = false;
  bool ended_ GUARDED_BY(mutex_) = false;
  Status status_;  // written once, before `ended_`
};

}  // namespace ballast
