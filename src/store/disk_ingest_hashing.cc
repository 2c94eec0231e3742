// DiskIngest: the SHA-256 that follows what is on the disk.
#include <algorithm>

#include "base/strings.h"
#include "store/disk_ingest.h"

namespace ballast {

uint64_t DiskIngest::HashableEnd(uint64_t begin) const {
  if (begin == expected_.size) return begin;
  const auto piece = static_cast<uint32_t>(begin / pieces_.piece_size());
  if (pieces_.has(piece)) return pieces_.Range(piece).end;
  for (const Active& active : active_) {
    if (active.begin <= begin && begin < active.written) return active.written;
  }
  return begin;
}

bool DiskIngest::HashStep(const Block* own) {
  uint64_t begin = 0;
  uint64_t end = 0;
  {
    MutexLock lock(mutex_);
    if (hashing_ || retiring_ > 0 || !hash_error_.ok()) return false;
    begin = hashed_;
    end = std::min(HashableEnd(begin), begin + kBlock);
    if (end == begin) return false;
    hashing_ = true;
  }
  Result<uint64_t> hashed = 0;
  if (own != nullptr && own->offset <= begin && begin < own->offset + own->bytes.size()) {
    hashed = own->offset + own->bytes.size();
    hash_.Update(own->bytes.subspan(begin - own->offset));
  } else {
    hashed = HashFromMemoryOrDisk(begin, end);
  }
  MutexLock lock(mutex_);
  hashing_ = false;
  hash_error_ = hashed.status();
  if (hashed.ok()) hashed_ = *hashed;
  if (hashed.ok() && hashed_ % pieces_.piece_size() == 0) at_piece_ = hash_.Clone();
  changed_.NotifyAll();
  return hashed.ok();
}

Result<uint64_t> DiskIngest::HashFromMemoryOrDisk(uint64_t begin, uint64_t end) {
  if (const auto kept = reader_->InMemory(begin)) {
    const uint64_t size = std::min<uint64_t>(kept->bytes.size(), end - begin);
    hash_.Update(kept->bytes.first(size));
    return begin + size;
  }
  const PieceBuffer buffer = Memory(end - begin);
  ASSIGN_OR_RETURN(const size_t count, data_->Read(begin, buffer->span()));
  if (count != end - begin) return DataLoss(StrCat(folder_, "/data is shorter than what was written"));
  hash_.Update(buffer->span());
  return end;
}

void DiskIngest::HashResumed(const std::stop_token& stop) {
  while (!stop.stop_requested()) {
    if (HashStep(nullptr)) continue;
    MutexLock lock(mutex_);
    if (!hash_error_.ok() || HashableEnd(hashed_) == hashed_) return;
    if (hashing_ || retiring_ > 0) changed_.Wait(mutex_);
  }
}

Result<Digest> DiskIngest::Prove() {
  while (true) {
    if (HashStep(nullptr)) continue;
    MutexLock lock(mutex_);
    if (proof_) return *proof_;
    if (!pieces_.complete()) return FailedPrecondition("the file is not complete");
    RETURN_IF_ERROR(hash_error_);
    if (hashing_ || retiring_ > 0) {
      changed_.Wait(mutex_);
    } else if (hashed_ == expected_.size) {
      proof_ = hash_.Check(expected_);
      return *proof_;
    }
  }
}

}  // namespace ballast
