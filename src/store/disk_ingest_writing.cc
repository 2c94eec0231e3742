// DiskIngest: bytes onto the disk.
#include <algorithm>

#include "base/failpoint.h"
#include "base/strings.h"
#include "store/aligned_buffer.h"
#include "store/disk_ingest.h"
#include "store/piece_hash.h"

namespace ballast {
namespace {

// A writer reads back at most so many blocks of others per block of its own, so that its connection does not stall.
constexpr int kReadBackPerBlock = 4;

bool Aligned(uint64_t value) { return value % AlignedBuffer::kAlignment == 0; }

}  // namespace

class DiskIngest::Writer final : public RangeWriter {
 public:
  Writer(DiskIngest& ingest, ByteRange range, uint32_t piece_size)
      : ingest_(ingest),
        range_(range),
        piece_size_(piece_size),
        block_size_(std::min<uint64_t>({kBlock, piece_size, range.size()})),
        offset_(range.begin) {}
  ~Writer() override { ingest_.Retire(*this); }

  Status Append(std::span<const std::byte> bytes) override {
    RETURN_IF_ERROR(failed_);
    if (bytes.size() > range_.end - offset_ - filled_) return OutOfRange("more bytes than the range has");
    while (!bytes.empty()) {
      if (buffer_ == nullptr) buffer_ = ingest_.Memory(block_size_);
      const size_t count = std::min(bytes.size(), BlockSize() - filled_);
      std::copy_n(bytes.begin(), count, buffer_->span().begin() + static_cast<ptrdiff_t>(filled_));
      filled_ += count;
      bytes = bytes.subspan(count);
      if (filled_ == BlockSize()) RETURN_IF_ERROR(WriteOut());
    }
    return OkStatus();
  }

  Status Flush() override {
    RETURN_IF_ERROR(failed_);
    return filled_ == 0 ? OkStatus() : WriteOut();
  }

 private:
  uint64_t PieceEnd() const { return std::min(range_.end, (offset_ / piece_size_ + 1) * piece_size_); }
  size_t BlockSize() { return std::min<uint64_t>(block_size_, PieceEnd() - offset_); }

  Status WriteOut() {
    failed_ = WriteBlock({offset_, buffer_->span().first(filled_)});
    filled_ = 0;
    return failed_;
  }

  Status WriteBlock(Block block) {
    RETURN_IF_ERROR(ingest_.WriteData(block));
    Failpoint("ingest.block_written");
    const PieceBuffer kept = KeepInMemory();
    hash_.Update(block.bytes);
    const bool whole = block.offset + block.bytes.size() == PieceEnd();
    std::optional<JournalRecord> record;
    if (whole) record = JournalRecord{static_cast<uint32_t>(offset_ / piece_size_), hash_.Value()};
    if (whole) hash_.Reset();
    offset_ += block.bytes.size();
    return ingest_.BlockDone(*this, block, record);
  }

  // The next block gets another buffer then.
  PieceBuffer KeepInMemory() {
    if (!ingest_.keeps_) return nullptr;
    PieceBuffer kept = std::move(buffer_);
    kept->Resize(filled_);
    ingest_.reader_->Keep(offset_, kept);
    return kept;
  }

  DiskIngest& ingest_;
  const ByteRange range_;
  const uint32_t piece_size_;
  const size_t block_size_;
  PieceBuffer buffer_;  // null: nothing is in it
  size_t filled_ = 0;
  uint64_t offset_;  // where the buffer begins in the file
  PieceHash hash_;   // of the piece that offset_ is in
  Status failed_;
};

// Where memory holds too few pieces for it to pay, all goes through the page cache, from where it is read again.
void DiskIngest::ExpectReaders() {
  constexpr uint64_t kWorthwhile = 8;  // pieces
  const bool fits = memory_->most() >= kWorthwhile * pieces().piece_size();
  keeps_ = fits;
  if (fits) {
    reader_->ServeFromMemory();
  } else {
    direct_works_ = false;
  }
}

PieceMap DiskIngest::pieces() const {
  MutexLock lock(mutex_);
  return pieces_;
}

uint32_t DiskIngest::hash_frontier() const {
  MutexLock lock(mutex_);
  if (hashed_ == expected_.size) return pieces_.count();
  // What was here at the start is hashed beside the download, which need not wait for it.
  return std::max(resumed_, static_cast<uint32_t>(hashed_ / pieces_.piece_size()));
}

Status DiskIngest::CheckFree(ByteRange range) const {
  const uint64_t piece_size = pieces_.piece_size();
  const bool at_borders = range.begin % piece_size == 0 && (range.end % piece_size == 0 || range.end == expected_.size);
  if (range.empty() || range.end > expected_.size || !at_borders) return InvalidArgument("a range is of whole pieces");
  for (const Active& other : active_) {
    if (range.begin < other.end && other.begin < range.end) return AlreadyExists("the range is being written");
  }
  for (uint64_t at = range.begin; at < range.end; at += piece_size) {
    if (pieces_.has(static_cast<uint32_t>(at / piece_size))) return AlreadyExists("a piece of the range is here");
  }
  return OkStatus();
}

Result<std::unique_ptr<RangeWriter>> DiskIngest::OpenRange(ByteRange range) {
  MutexLock lock(mutex_);
  RETURN_IF_ERROR(CheckFree(range));
  auto writer = std::make_unique<Writer>(*this, range, pieces_.piece_size());
  active_.push_back({writer.get(), range.begin, range.begin, range.end});
  return std::unique_ptr<RangeWriter>(std::move(writer));
}

// What is hashed from the buffer, or stays in memory until it is, goes past the page cache: to fill that costs more
// than all else. Bytes ahead of the hash stay there, from where the hash fetches them when it gets there.
Status DiskIngest::WriteData(Block block) {
  bool direct = direct_works_ && Aligned(block.offset);
  if (direct && !keeps_) {
    MutexLock lock(mutex_);
    direct = hashed_ == block.offset;
  }
  if (direct) {
    ASSIGN_OR_RETURN(const size_t written, WriteDirect(block));
    block = {block.offset + written, block.bytes.subspan(written)};
  }
  return block.bytes.empty() ? OkStatus() : WriteCached(block);
}

// How much of it: all but the end of a file, which no sector fits.
Result<size_t> DiskIngest::WriteDirect(Block block) {
  const size_t size = block.bytes.size() / AlignedBuffer::kAlignment * AlignedBuffer::kAlignment;
  if (size == 0) return size;
  const Status written = direct_->Write(block.offset, block.bytes.first(size));
  if (written.ok()) return size;
  if (written.code() != StatusCode::kInvalidArgument) return written;
  direct_works_ = false;  // the disk wants another alignment
  return 0;
}

Status DiskIngest::WriteCached(Block block) {
  RETURN_IF_ERROR(data_->Write(block.offset, block.bytes));
  data_->StartWriteback(block.offset, block.bytes.size());
  return OkStatus();
}

Status DiskIngest::Keep(const JournalRecord& record) {
  RETURN_IF_ERROR(journal_->Append(record));
  pieces_.Add(record.piece);
  reader_->Add(record.piece);
  Failpoint("ingest.piece_journalled");
  return OkStatus();
}

Status DiskIngest::BlockDone(const Writer& writer, Block block, const std::optional<JournalRecord>& whole) {
  {
    MutexLock lock(mutex_);
    const auto active =
        std::find_if(active_.begin(), active_.end(), [&](const Active& a) { return a.writer == &writer; });
    if (whole) RETURN_IF_ERROR(Keep(*whole));
    active->written = block.offset + block.bytes.size();
    if (whole) active->begin = active->written;
    changed_.NotifyAll();
  }
  for (int i = 0; i < kReadBackPerBlock && HashStep(&block); ++i) {
  }
  return OkStatus();
}

// What a writer wrote of a piece that it did not finish will be written again, perhaps with other bytes: the hash goes
// back to where the piece begins.
void DiskIngest::Retire(const Writer& writer) {
  const auto is_writer = [&writer](const Active& active) { return active.writer == &writer; };
  MutexLock lock(mutex_);
  ++retiring_;
  while (hashing_) changed_.Wait(mutex_);
  --retiring_;
  const auto active = std::find_if(active_.begin(), active_.end(), is_writer);
  if (hashed_ > active->begin && hashed_ <= active->written) {
    hash_ = at_piece_.Clone();
    hashed_ = active->begin;
  }
  active_.erase(active);
  changed_.NotifyAll();
}

// ---- whole pieces

Status DiskIngest::WritePiece(uint32_t piece, const PieceBuffer& bytes) {
  const void* owner = bytes.get();
  ASSIGN_OR_RETURN(const ByteRange range, ClaimPiece(piece, bytes->span().size(), owner));
  const Block block{range.begin, bytes->span()};
  const Status written = WriteData(block);
  Failpoint("ingest.block_written");
  PieceHash hash;
  if (written.ok()) hash.Update(block.bytes);
  if (written.ok() && keeps_) reader_->Keep(range.begin, bytes);
  RETURN_IF_ERROR(PieceDone(owner, piece, written.ok() ? Result<uint64_t>(hash.Value()) : written));
  const uint64_t budget = kReadBackPerBlock * (block.bytes.size() / kBlock + 1);
  for (uint64_t i = 0; i < budget && HashStep(&block); ++i) {
  }
  return OkStatus();
}

Result<ByteRange> DiskIngest::ClaimPiece(uint32_t piece, size_t size, const void* owner) {
  MutexLock lock(mutex_);
  if (piece >= pieces_.count() || size != pieces_.Range(piece).size()) return InvalidArgument("no piece of this file");
  const ByteRange range = pieces_.Range(piece);
  RETURN_IF_ERROR(CheckFree(range));
  active_.push_back({owner, range.begin, range.begin, range.end});
  return range;
}

Status DiskIngest::PieceDone(const void* owner, uint32_t piece, const Result<uint64_t>& xxh3) {
  MutexLock lock(mutex_);
  std::erase_if(active_, [owner](const Active& active) { return active.writer == owner; });
  Status kept = xxh3.ok() ? Keep({piece, *xxh3}) : xxh3.status();
  changed_.NotifyAll();
  return kept;
}

Status DiskIngest::Drop(std::span<const uint32_t> pieces) {
  if (pieces.empty()) return OkStatus();
  MutexLock lock(mutex_);
  ++retiring_;
  while (hashing_) changed_.Wait(mutex_);
  --retiring_;
  RETURN_IF_ERROR(ForgetInJournal(pieces));
  for (const uint32_t piece : pieces) {
    pieces_.Remove(piece);
    reader_->Drop(piece);
    resumed_ = std::min(resumed_, piece);
    if (hashed_ <= pieces_.Range(piece).begin) continue;
    hashed_ = 0;  // a hash does not go back into its past: it begins again
  }
  if (hashed_ == 0) {
    hash_ = ContentHash(expected_);
    at_piece_ = ContentHash(expected_);
  }
  proof_.reset();
  hash_error_ = OkStatus();
  changed_.NotifyAll();
  return OkStatus();
}

Status DiskIngest::ForgetInJournal(std::span<const uint32_t> pieces) {
  ASSIGN_OR_RETURN(const Journal journal, journal_->Read(expected_));
  std::vector<JournalRecord> left;
  for (const JournalRecord& record : journal.records) {
    const bool dropped = std::find(pieces.begin(), pieces.end(), record.piece) != pieces.end();
    if (!dropped) left.push_back(record);
  }
  return journal_->Rewrite(journal.header, left);
}

}  // namespace ballast
