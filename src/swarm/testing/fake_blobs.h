// Blobs in memory that arrive when a test says so.
#pragma once

#include <algorithm>
#include <map>
#include <memory>
#include <string>
#include <utility>

#include "base/mutex.h"
#include "swarm/served_blob.h"

namespace ballast {

// Thread-safe. Waits for bytes that are not there yet, without looking at a clock: until they come, or Give up.
class FakeBlob final : public ServedBlob {
 public:
  // `here`: how many of its bytes, from the first on. `fd`: of a file with the same bytes, or -1; not owned.
  FakeBlob(std::string content, uint64_t here, int fd = -1) : content_(std::move(content)), fd_(fd), here_(here) {}

  void Arrive(uint64_t here) {
    MutexLock lock(mutex_);
    here_ = here;
    changed_.NotifyAll();
  }
  // What is asked for and not here, now or later, is answered by `why`.
  void GiveUp(Status why) {
    MutexLock lock(mutex_);
    given_up_ = std::move(why);
    changed_.NotifyAll();
  }
  void FailReads(Status why) {
    MutexLock lock(mutex_);
    read_error_ = std::move(why);
  }
  // Until somebody waits for bytes that are not here.
  void AwaitWaiter() {
    MutexLock lock(mutex_);
    while (waiters_ == 0) changed_.Wait(mutex_);
  }

  uint64_t size() const override { return content_.size(); }
  Result<uint64_t> AvailableFrom(uint64_t offset, Duration, std::stop_token stop) override {
    const std::stop_callback wake(stop, [this] {
      MutexLock lock(mutex_);
      changed_.NotifyAll();
    });
    return Wait(offset, stop);
  }
  Status Read(uint64_t offset, std::span<std::byte> into) override {
    MutexLock lock(mutex_);
    RETURN_IF_ERROR(read_error_);
    BALLAST_CHECK(offset + into.size() <= here_) << "read of bytes that are not here";
    std::copy_n(reinterpret_cast<const std::byte*>(content_.data()) + offset, into.size(), into.begin());
    return OkStatus();
  }
  int fd() const override { return fd_; }

 private:
  Result<uint64_t> Wait(uint64_t offset, const std::stop_token& stop) {
    MutexLock lock(mutex_);
    ++waiters_;
    changed_.NotifyAll();
    while (here_ <= offset && given_up_.ok() && !stop.stop_requested()) changed_.Wait(mutex_);
    --waiters_;
    if (here_ > offset) return here_;
    return given_up_.ok() ? Cancelled("the server stops") : given_up_;
  }

  const std::string content_;
  const int fd_;
  Mutex mutex_;
  CondVar changed_;
  uint64_t here_ GUARDED_BY(mutex_);
  int waiters_ GUARDED_BY(mutex_) = 0;
  Status given_up_ GUARDED_BY(mutex_);
  Status read_error_ GUARDED_BY(mutex_);
};

// Thread-safe.
class FakeBlobs final : public BlobProvider {
 public:
  // Whole; its digest.
  Digest Add(const std::string& content) {
    const Digest digest = Digest::Of(content);
    Add(digest, std::make_shared<FakeBlob>(content, content.size()));
    return digest;
  }
  void Add(const Digest& digest, std::shared_ptr<ServedBlob> blob) {
    MutexLock lock(mutex_);
    blobs_[digest] = std::move(blob);
  }

  Result<std::shared_ptr<ServedBlob>> Open(const Digest& digest) override {
    MutexLock lock(mutex_);
    const auto found = blobs_.find(digest);
    if (found == blobs_.end()) return NotFound("no such blob");
    return found->second;
  }

 private:
  Mutex mutex_;
  std::map<Digest, std::shared_ptr<ServedBlob>> blobs_ GUARDED_BY(mutex_);
};

}  // namespace ballast
