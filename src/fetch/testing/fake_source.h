// A source of files in memory whose reads can be made to fail.
#pragma once

#include <atomic>
#include <deque>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "base/mutex.h"
#include "fetch/source.h"

namespace ballast {

// What happens to one Read.
struct FakeRead {
  uint64_t deliver = UINT64_MAX;  // at most this many bytes, then `status`
  Status status;                  // after them; OK = only what `deliver` says
  bool corrupt = false;           // the first byte is flipped
  bool hang = false;              // after `deliver` bytes: until stop is requested
  size_t hold_until = 0;          // so many requests have come; after the first bytes
  uint64_t extra = 0;             // bytes more than were asked for
};

// Thread-safe.
class FakeSource final : public Source {
 public:
  struct Request {
    std::string path;
    ByteRange range;
  };
  using Script = std::function<FakeRead(const Request&, int nth)>;  // called under the lock, one by one; nth from 0

  explicit FakeSource(std::map<std::string, std::string> files, size_t chunk = 1000)
      : files_(std::move(files)), chunk_(chunk) {}

  void SetScript(Script script);
  std::vector<Request> requests() const;
  int most_at_once() const { return most_at_once_; }

  Status Read(const ResolvedModel& model, const RemoteFile& file, ByteRange range, const ByteSink& sink,
              std::stop_token stop) override;

  // The listing: every file with its sha256, or with its git oid where the path ends in ".json".
  ResolvedModel Model() const;

 private:
  FakeRead Begin(const Request& request);
  Status Deliver(const std::string& content, ByteRange range, const FakeRead& how, const ByteSink& sink,
                 const std::stop_token& stop) const;
  void HoldUntil(size_t requests) const;

  const std::map<std::string, std::string> files_;
  const size_t chunk_;
  mutable Mutex mutex_;
  mutable CondVar requested_;
  Script script_ GUARDED_BY(mutex_);
  std::vector<Request> requests_ GUARDED_BY(mutex_);
  std::atomic<int> at_once_ = 0;
  std::atomic<int> most_at_once_ = 0;
};

}  // namespace ballast
