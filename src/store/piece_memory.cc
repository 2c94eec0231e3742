#include "store/piece_memory.h"

#include <algorithm>
#include <deque>

namespace ballast {

// Buffers that nobody holds, and how much there is in all. Every buffer comes back to it.
class PieceMemory::Pool : public std::enable_shared_from_this<Pool> {
 public:
  explicit Pool(uint64_t most_idle) : most_idle_(most_idle) {}

  PieceBuffer Take(size_t size) {
    const MutexLock lock(mutex_);
    std::unique_ptr<AlignedBuffer> buffer = TakeIdle(size);
    if (buffer == nullptr) {
      buffer = std::make_unique<AlignedBuffer>(size);
      bytes_ += buffer->capacity();
    }
    return {buffer.release(),
            [pool = shared_from_this()](AlignedBuffer* bytes) { pool->Return(std::unique_ptr<AlignedBuffer>(bytes)); }};
  }

  void ReleaseIdle() { DropIdle(0); }

  uint64_t bytes() const {
    const MutexLock lock(mutex_);
    return bytes_;
  }

 private:
  // Null: none that fits and is not far too large.
  std::unique_ptr<AlignedBuffer> TakeIdle(size_t size) REQUIRES(mutex_) {
    const auto fits = std::ranges::find_if(idle_, [size](const auto& one) {
      return one->capacity() >= size && one->capacity() <= 2 * size + AlignedBuffer::kAlignment;
    });
    if (fits == idle_.end()) return nullptr;
    std::unique_ptr<AlignedBuffer> buffer = std::move(*fits);
    idle_.erase(fits);
    idle_bytes_ -= buffer->capacity();
    buffer->Resize(size);
    return buffer;
  }

  void Return(std::unique_ptr<AlignedBuffer> buffer) {
    {
      const MutexLock lock(mutex_);
      idle_bytes_ += buffer->capacity();
      idle_.push_back(std::move(buffer));
    }
    DropIdle(most_idle_);
  }

  // Those first that nobody has wanted for longest.
  void DropIdle(uint64_t most) {
    std::vector<std::unique_ptr<AlignedBuffer>> gone;  // given back without the lock
    const MutexLock lock(mutex_);
    while (idle_bytes_ > most) {
      idle_bytes_ -= idle_.front()->capacity();
      bytes_ -= idle_.front()->capacity();
      gone.push_back(std::move(idle_.front()));
      idle_.pop_front();
    }
  }

  const uint64_t most_idle_;
  mutable Mutex mutex_;
  uint64_t bytes_ GUARDED_BY(mutex_) = 0;
  uint64_t idle_bytes_ GUARDED_BY(mutex_) = 0;
  std::deque<std::unique_ptr<AlignedBuffer>> idle_ GUARDED_BY(mutex_);
};

PieceMemory::PieceMemory(uint64_t most) : most_(most), pool_(std::make_shared<Pool>(most / 4)) {}
PieceMemory::~PieceMemory() = default;

PieceBuffer PieceMemory::Take(size_t size) { return pool_->Take(size); }

void PieceMemory::Keep(const void* file, uint64_t offset, const PieceBuffer& bytes) {
  Gone gone;
  const MutexLock lock(mutex_);
  Remove(file, {offset, offset + bytes->span().size()}, gone);
  const Place place{file, offset};
  kept_.emplace(place, Kept{bytes, next_age_});
  by_age_.emplace(next_age_++, place);
  kept_bytes_ += bytes->capacity();
  while (kept_bytes_ > most_) Remove(kept_.find(by_age_.begin()->second), gone);
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
  Gone gone;
  const MutexLock lock(mutex_);
  Remove(file, range, gone);
}

void PieceMemory::Forget(const void* file) { Forget(file, {0, kMaxFileSize}); }

void PieceMemory::ReleaseIdle() { pool_->ReleaseIdle(); }

uint64_t PieceMemory::bytes() const { return pool_->bytes(); }

void PieceMemory::Remove(const void* file, ByteRange range, Gone& gone) {
  auto at = kept_.upper_bound(Place{file, range.begin});
  if (at != kept_.begin()) --at;  // it may reach into the range
  while (at != kept_.end() && at->first < Place{file, range.end}) {
    const bool overlaps = at->first.file == file && at->first.offset + at->second.bytes->span().size() > range.begin;
    at = overlaps ? Remove(at, gone) : std::next(at);
  }
}

PieceMemory::Shelf::iterator PieceMemory::Remove(Shelf::iterator kept, Gone& gone) {
  kept_bytes_ -= kept->second.bytes->capacity();
  by_age_.erase(kept->second.age);
  gone.push_back(std::move(kept->second.bytes));
  return kept_.erase(kept);
}

}  // namespace ballast
