#include "store/piece_memory.h"

#include <algorithm>

namespace ballast {

// Buffers that nobody holds, and how much there is in all. Every buffer comes back to it.
class PieceMemory::Pool : public std::enable_shared_from_this<Pool> {
 public:
  explicit Pool(uint64_t most) : most_(most) {}

  // Null: there is no room for it.
  PieceBuffer TryTake(size_t size) EXCLUDES(mutex_) {
    std::vector<std::unique_ptr<AlignedBuffer>> gone;  // given back without the lock
    const MutexLock lock(mutex_);
    const auto fits = std::ranges::find_if(idle_, [size](const auto& one) { return one->capacity() >= size; });
    if (fits != idle_.end()) {
      std::unique_ptr<AlignedBuffer> buffer = std::move(*fits);
      idle_.erase(fits);
      buffer->Resize(size);
      return Wrap(std::move(buffer));
    }
    while (bytes_ + size > most_ && !idle_.empty()) {  // too small, all of them
      bytes_ -= idle_.back()->capacity();
      gone.push_back(std::move(idle_.back()));
      idle_.pop_back();
    }
    return bytes_ + size > most_ ? nullptr : New(size);
  }

  PieceBuffer TakeBeyond(size_t size) {
    const MutexLock lock(mutex_);
    return New(size);
  }

  void ReleaseIdle() {
    std::vector<std::unique_ptr<AlignedBuffer>> gone;
    const MutexLock lock(mutex_);
    for (const auto& buffer : idle_) bytes_ -= buffer->capacity();
    gone.swap(idle_);
  }

  uint64_t bytes() const {
    const MutexLock lock(mutex_);
    return bytes_;
  }

 private:
  PieceBuffer New(size_t size) REQUIRES(mutex_) {
    auto buffer = std::make_unique<AlignedBuffer>(size);
    bytes_ += buffer->capacity();
    return Wrap(std::move(buffer));
  }

  PieceBuffer Wrap(std::unique_ptr<AlignedBuffer> buffer) {
    return {buffer.release(),
            [pool = shared_from_this()](AlignedBuffer* bytes) { pool->Return(std::unique_ptr<AlignedBuffer>(bytes)); }};
  }

  void Return(std::unique_ptr<AlignedBuffer> buffer) {
    std::unique_ptr<AlignedBuffer> gone;
    const MutexLock lock(mutex_);
    if (bytes_ > most_) {
      bytes_ -= buffer->capacity();
      gone = std::move(buffer);
      return;
    }
    const auto larger = [capacity = buffer->capacity()](const auto& one) { return one->capacity() > capacity; };
    idle_.insert(std::ranges::find_if(idle_, larger), std::move(buffer));
  }

  const uint64_t most_;
  mutable Mutex mutex_;
  uint64_t bytes_ GUARDED_BY(mutex_) = 0;
  std::vector<std::unique_ptr<AlignedBuffer>> idle_ GUARDED_BY(mutex_);  // the smallest first
};

PieceMemory::PieceMemory(uint64_t most) : pool_(std::make_shared<Pool>(most)) {}
PieceMemory::~PieceMemory() = default;

PieceBuffer PieceMemory::Take(size_t size) {
  do {
    if (PieceBuffer buffer = pool_->TryTake(size)) return buffer;
  } while (DropOldest());
  return pool_->TakeBeyond(size);
}

void PieceMemory::Keep(const void* file, uint64_t offset, const PieceBuffer& bytes) {
  std::vector<PieceBuffer> gone;
  const MutexLock lock(mutex_);
  Remove(file, {offset, offset + bytes->span().size()}, gone);
  const Place place{file, offset};
  kept_.emplace(place, Kept{bytes, next_age_});
  by_age_.emplace(next_age_++, place);
}

std::optional<KeptBytes> PieceMemory::Find(const void* file, uint64_t offset) const {
  const MutexLock lock(mutex_);
  auto after = kept_.upper_bound(Place{file, offset});
  if (after == kept_.begin()) return std::nullopt;
  const auto& [place, kept] = *std::prev(after);
  const std::span<const std::byte> bytes = kept.bytes->span();
  if (place.file != file || offset - place.offset >= bytes.size()) return std::nullopt;
  return KeptBytes{kept.bytes, bytes.subspan(offset - place.offset)};
}

void PieceMemory::Forget(const void* file, ByteRange range) {
  std::vector<PieceBuffer> gone;
  const MutexLock lock(mutex_);
  Remove(file, range, gone);
}

void PieceMemory::Remove(const void* file, ByteRange range, std::vector<PieceBuffer>& gone) {
  auto at = kept_.upper_bound(Place{file, range.begin});
  if (at != kept_.begin()) --at;  // it may reach into the range
  while (at != kept_.end() && at->first < Place{file, range.end}) {
    const bool overlaps = at->first.file == file && at->first.offset + at->second.bytes->span().size() > range.begin;
    at = overlaps ? Remove(at, gone) : std::next(at);
  }
}

void PieceMemory::Forget(const void* file) { Forget(file, {0, kMaxFileSize}); }

void PieceMemory::ReleaseIdle() { pool_->ReleaseIdle(); }

uint64_t PieceMemory::bytes() const { return pool_->bytes(); }

// The last to let go of a buffer gives it back to the pool, which may take its time: not under our lock.
PieceMemory::Shelf::iterator PieceMemory::Remove(Shelf::iterator kept, std::vector<PieceBuffer>& gone) {
  gone.push_back(std::move(kept->second.bytes));
  by_age_.erase(kept->second.age);
  return kept_.erase(kept);
}

bool PieceMemory::DropOldest() {
  std::vector<PieceBuffer> gone;
  const MutexLock lock(mutex_);
  if (by_age_.empty()) return false;
  Remove(kept_.find(by_age_.begin()->second), gone);
  return true;
}

}  // namespace ballast
