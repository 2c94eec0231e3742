#include "store/memory_blob.h"

#include <algorithm>

#include "base/strings.h"

namespace ballast {

void MemoryBlob::Complete(std::shared_ptr<const std::string> content) {
  const MutexLock lock(mutex_);
  content_ = std::move(content);
  changed_.NotifyAll();
}

void MemoryBlob::Forget() {
  const MutexLock lock(mutex_);
  content_.reset();
}

void MemoryBlob::End() {
  const MutexLock lock(mutex_);
  ended_ = true;
  changed_.NotifyAll();
}

Result<uint64_t> MemoryBlob::AvailableFrom(uint64_t offset, Duration patience, std::stop_token stop) {
  if (offset >= size_) return OutOfRange(StrCat(name_, " has ", size_, " bytes"));
  const std::stop_callback on_stop(stop, [this] {
    const MutexLock lock(mutex_);
    changed_.NotifyAll();
  });
  const auto deadline = std::chrono::steady_clock::now() + patience;  // the condition variable's clock
  const MutexLock lock(mutex_);
  bool in_time = true;
  while (content_ == nullptr) {
    if (ended_) return NotFound(StrCat("the download of ", name_, " has ended before it came"));
    if (stop.stop_requested()) return Cancelled("stopped");
    if (!in_time) return DeadlineExceeded(StrCat(name_, " has not come yet"));
    in_time = changed_.WaitUntil(mutex_, deadline);
  }
  return size_;
}

Status MemoryBlob::Read(uint64_t offset, std::span<std::byte> into) {
  std::shared_ptr<const std::string> content;
  {
    const MutexLock lock(mutex_);
    content = content_;
  }
  if (content == nullptr) return NotFound(StrCat(name_, " is not here any more"));
  if (offset > size_ || into.size() > size_ - offset) return OutOfRange(StrCat(name_, " has ", size_, " bytes"));
  const auto bytes = std::as_bytes(std::span(*content)).subspan(offset, into.size());
  std::copy(bytes.begin(), bytes.end(), into.begin());
  return OkStatus();
}

}  // namespace ballast
