#include "store/receiving_blob.h"

#include <algorithm>

#include "base/strings.h"
#include "store/file_blob.h"

namespace ballast {

void ReceivingBlob::Add(uint32_t piece) {
  const MutexLock lock(mutex_);
  pieces_.Add(piece);
  changed_.NotifyAll();
}

void ReceivingBlob::Drop(uint32_t piece) {
  const MutexLock lock(mutex_);
  memory_->Forget(this, pieces_.Range(piece));
  pieces_.Remove(piece);
}

void ReceivingBlob::End() {
  memory_->Forget(this);
  const MutexLock lock(mutex_);
  ended_ = true;
  changed_.NotifyAll();
}

Result<uint64_t> ReceivingBlob::AvailableFrom(uint64_t offset, Duration patience, std::stop_token stop) {
  if (offset >= size_) return OutOfRange(StrCat(name_, " has ", size_, " bytes"));
  const std::stop_callback on_stop(stop, [this] {
    const MutexLock lock(mutex_);
    changed_.NotifyAll();
  });
  const auto deadline = std::chrono::steady_clock::now() + patience;  // the condition variable's clock
  const MutexLock lock(mutex_);
  const auto piece = static_cast<uint32_t>(offset / pieces_.piece_size());
  bool in_time = true;
  while (!pieces_.has(piece)) {
    if (ended_) return NotFound(StrCat("the download of ", name_, " has ended before byte ", offset, " came"));
    if (stop.stop_requested()) return Cancelled("stopped");
    if (!in_time) return DeadlineExceeded(StrCat("byte ", offset, " of ", name_, " has not come yet"));
    in_time = changed_.WaitUntil(mutex_, deadline);
  }
  const uint32_t end = pieces_.FirstMissing(piece);
  return end == pieces_.count() ? size_ : pieces_.Range(end).begin;
}

Status ReceivingBlob::Read(uint64_t offset, std::span<std::byte> into) {
  while (!into.empty()) {
    const auto kept = InMemory(offset);
    if (!kept) return ReadExactly(*file_, offset, into, name_);
    const size_t count = std::min(kept->bytes.size(), into.size());
    std::copy_n(kept->bytes.begin(), count, into.begin());
    offset += count;
    into = into.subspan(count);
  }
  return OkStatus();
}

}  // namespace ballast
