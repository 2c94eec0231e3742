#include "store/disk_ingest.h"

#include <algorithm>
#include <map>

#include "base/strings.h"
#include "store/aligned_buffer.h"
#include "store/boot_id.h"
#include "store/failpoint.h"
#include "store/memory_ingest.h"
#include "store/piece_hash.h"

namespace ballast {
namespace {

constexpr uint64_t kBlock = 1 << 20;  // what is written and hashed at once
// A writer reads back at most so many blocks of others per block of its own, so that its connection does not stall.
constexpr int kReadBackPerBlock = 4;

// Asks first: an allocation that fails takes all the room there is for a moment.
Status AllocateOrSay(FileSystem& files, File& file, const std::string& folder, uint64_t size) {
  ASSIGN_OR_RETURN(const SpaceInfo space, files.Space(folder));
  Status allocated = space.available < size ? ResourceExhausted("no room") : file.Allocate(size);
  if (allocated.code() != StatusCode::kResourceExhausted) return allocated;
  return ResourceExhausted(StrCat("needs ", FormatBytes(size), ", ", FormatBytes(space.available), " are free at ",
                                  folder, "; make room there (", allocated.message(), ")"));
}

bool Aligned(uint64_t value) { return value % AlignedBuffer::kAlignment == 0; }

}  // namespace

std::string ExpectedContent::Name() const {
  if (sha256) return "sha256-" + sha256->Hex();
  if (git_oid) return "git-" + git_oid->Hex();
  return "name-" + Digest::Of(StrCat(size, " ", hint)).Hex();
}

Result<std::unique_ptr<StagedIngest>> OpenLocalIngest(FileSystem& files, const std::string& dir,
                                                      const ExpectedContent& expected, const IngestOptions& options) {
  if (expected.size <= options.in_memory_size) {
    return std::unique_ptr<StagedIngest>(std::make_unique<MemoryIngest>(files, dir, expected));
  }
  RETURN_IF_ERROR(EnsureDirectory(files, dir));
  return DiskIngest::Open(files, dir, expected, options);
}

// ---- opening

DiskIngest::DiskIngest(FileSystem& files, std::string folder, ExpectedContent expected)
    : files_(files),
      folder_(std::move(folder)),
      expected_(std::move(expected)),
      hash_(expected_),
      at_piece_(expected_) {}

Result<std::unique_ptr<StagedIngest>> DiskIngest::Open(FileSystem& files, const std::string& dir,
                                                       const ExpectedContent& expected, const IngestOptions& options) {
  const std::string folder = dir + "/" + expected.Name();
  RETURN_IF_ERROR(EnsureDirectory(files, folder));
  std::unique_ptr<DiskIngest> ingest(new DiskIngest(files, folder, expected));
  RETURN_IF_ERROR(ingest->Load(options));
  return std::unique_ptr<StagedIngest>(std::move(ingest));
}

Status DiskIngest::Load(const IngestOptions& options) {
  {
    ASSIGN_OR_RETURN(JournalFile journal, JournalFile::Open(files_, folder_ + "/journal"));
    MutexLock lock(mutex_);
    journal_.emplace(std::move(journal));
  }
  std::string boot_id = options.boot_id;
  if (boot_id.empty()) {
    ASSIGN_OR_RETURN(boot_id, RunningBootId());
  }
  const auto journal = ReadJournal();
  RETURN_IF_ERROR(journal.ok() ? Resume(*journal, boot_id) : StartOver(options, boot_id));
  OpenDirect(options.direct);
  return OkStatus();
}

// InvalidArgument or NotFound: nothing that can be resumed.
Result<Journal> DiskIngest::ReadJournal() {
  MutexLock lock(mutex_);
  ASSIGN_OR_RETURN(Journal journal, journal_->Read(expected_));
  ASSIGN_OR_RETURN(const FileInfo data, files_.Stat(folder_ + "/data"));
  if (data.size != expected_.size) return InvalidArgument("the data has another size");
  if (data.links != 1) return InvalidArgument("the data is a published blob, too");  // a rename that was half lost
  return journal;
}

Status DiskIngest::StartOver(const IngestOptions& options, const std::string& boot_id) {
  RETURN_IF_ERROR(CreateData());
  const uint32_t piece_size = options.piece_size != 0 ? options.piece_size : PieceSizeFor(expected_.size);
  MutexLock lock(mutex_);
  pieces_ = PieceMap(expected_.size, piece_size);
  return journal_->Rewrite({expected_.size, piece_size, expected_.sha256, expected_.git_oid, boot_id}, {});
}

Status DiskIngest::CreateData() {
  ASSIGN_OR_RETURN(data_, CreateAnew(files_, folder_ + "/data"));
  Status allocated = AllocateOrSay(files_, *data_, folder_, expected_.size);
  Failpoint("ingest.allocated");
  if (!allocated.ok()) (void)RemoveFolder();  // what could not be had is the error to tell
  return allocated;
}

Status DiskIngest::Resume(const Journal& journal, const std::string& boot_id) {
  ASSIGN_OR_RETURN(data_, files_.Open(folder_ + "/data", OpenMode::kReadWrite));
  std::map<uint32_t, JournalRecord> records;
  for (const JournalRecord& record : journal.records) records.insert_or_assign(record.piece, record);
  PieceMap pieces(journal.header.size, journal.header.piece_size);
  const bool same_boot = journal.header.boot_id == boot_id;
  std::vector<JournalRecord> good;
  for (const auto& [piece, record] : records) {
    // The page cache survives a kill, but not a power loss.
    const bool intact = same_boot || PieceIsIntact(record, pieces.Range(piece));
    if (!intact) continue;
    pieces.Add(piece);
    good.push_back(record);
  }
  resumed_ = pieces.FirstMissing();
  JournalHeader header = journal.header;
  header.boot_id = boot_id;
  {
    MutexLock lock(mutex_);
    pieces_ = pieces;
    journal_->Continue(journal);
    if (!same_boot || journal.torn) RETURN_IF_ERROR(journal_->Rewrite(header, good));
  }
  if (resumed_ > 0) resume_ = std::jthread([this](const std::stop_token& stop) { HashResumed(stop); });
  return OkStatus();
}

bool DiskIngest::PieceIsIntact(const JournalRecord& record, ByteRange range) {
  AlignedBuffer buffer(kBlock);
  PieceHash hash;
  for (uint64_t at = range.begin; at < range.end; at += kBlock) {
    const auto part = buffer.span().first(std::min(kBlock, range.end - at));
    const auto count = data_->Read(at, part);
    if (!count.ok() || *count != part.size()) return false;  // unreadable: it is fetched again
    hash.Update(part);
  }
  return hash.Value() == record.xxh3;
}

void DiskIngest::OpenDirect(bool wanted) {
  if (!wanted) return;
  auto direct = files_.Open(folder_ + "/data", OpenMode::kDirect);
  if (!direct.ok()) return;  // this file system goes through the page cache
  direct_ = std::move(*direct);
  direct_works_ = true;
}

// ---- writing

class DiskIngest::Writer final : public RangeWriter {
 public:
  Writer(DiskIngest& ingest, ByteRange range, uint32_t piece_size)
      : ingest_(ingest),
        range_(range),
        piece_size_(piece_size),
        buffer_(std::min<uint64_t>({kBlock, piece_size, range.size()})),
        offset_(range.begin) {}
  ~Writer() override { ingest_.Retire(*this); }

  Status Append(std::span<const std::byte> bytes) override {
    RETURN_IF_ERROR(failed_);
    if (bytes.size() > range_.end - offset_ - filled_) return OutOfRange("more bytes than the range has");
    while (!bytes.empty()) {
      const size_t count = std::min(bytes.size(), BlockSize() - filled_);
      std::copy_n(bytes.begin(), count, buffer_.span().begin() + static_cast<ptrdiff_t>(filled_));
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
  size_t BlockSize() { return std::min<uint64_t>(buffer_.span().size(), PieceEnd() - offset_); }

  Status WriteOut() {
    failed_ = WriteBlock({offset_, buffer_.span().first(filled_)});
    return failed_;
  }

  Status WriteBlock(Block block) {
    RETURN_IF_ERROR(ingest_.WriteData(block));
    Failpoint("ingest.block_written");
    hash_.Update(block.bytes);
    const bool whole = block.offset + block.bytes.size() == PieceEnd();
    std::optional<JournalRecord> record;
    if (whole) record = JournalRecord{static_cast<uint32_t>(offset_ / piece_size_), hash_.Value()};
    if (whole) hash_.Reset();
    offset_ += block.bytes.size();
    filled_ = 0;
    return ingest_.BlockDone(*this, block, record);
  }

  DiskIngest& ingest_;
  const ByteRange range_;
  const uint32_t piece_size_;
  AlignedBuffer buffer_;
  size_t filled_ = 0;
  uint64_t offset_;  // where the buffer begins in the file
  PieceHash hash_;   // of the piece that offset_ is in
  Status failed_;
};

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

// In-order bytes go past the page cache: they are hashed from the buffer and nobody reads them soon. Bytes ahead of the
// hash stay in the page cache, from where the hash fetches them when it gets there.
Status DiskIngest::WriteData(Block block) {
  bool direct = direct_works_;
  if (direct) {
    MutexLock lock(mutex_);
    direct = hashed_ == block.offset;
  }
  if (direct && Aligned(block.offset)) {
    const uint64_t size = block.bytes.size() / AlignedBuffer::kAlignment * AlignedBuffer::kAlignment;
    Status written = size == 0 ? OkStatus() : direct_->Write(block.offset, block.bytes.first(size));
    if (written.ok()) {
      block = {block.offset + size, block.bytes.subspan(size)};
    } else if (written.code() == StatusCode::kInvalidArgument) {
      direct_works_ = false;  // the disk wants another alignment
    } else {
      return written;
    }
  }
  if (block.bytes.empty()) return OkStatus();
  RETURN_IF_ERROR(data_->Write(block.offset, block.bytes));
  data_->StartWriteback(block.offset, block.bytes.size());
  return OkStatus();
}

Status DiskIngest::BlockDone(const Writer& writer, Block block, const std::optional<JournalRecord>& whole) {
  {
    MutexLock lock(mutex_);
    const auto active =
        std::find_if(active_.begin(), active_.end(), [&](const Active& a) { return a.writer == &writer; });
    if (whole) {
      RETURN_IF_ERROR(journal_->Append(*whole));
      pieces_.Add(whole->piece);
      Failpoint("ingest.piece_journalled");
    }
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

// ---- hashing

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
  Status read;
  if (own != nullptr && own->offset == begin) {
    end = begin + own->bytes.size();
    hash_.Update(own->bytes);
  } else {
    AlignedBuffer buffer(end - begin);
    const auto count = data_->Read(begin, buffer.span());
    read = count.status();
    if (count.ok() && *count != end - begin) read = DataLoss(StrCat(folder_, "/data is shorter than what was written"));
    if (read.ok()) hash_.Update(buffer.span());
  }
  MutexLock lock(mutex_);
  hashing_ = false;
  hash_error_ = read;
  if (read.ok()) hashed_ = end;
  if (read.ok() && hashed_ % pieces_.piece_size() == 0) at_piece_ = hash_.Clone();
  changed_.NotifyAll();
  return read.ok();
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

// ---- leaving

Status DiskIngest::MoveTo(const std::string& path, uint32_t mode, Durability durability) {
  const std::string data = folder_ + "/data";
  RETURN_IF_ERROR(files_.SetMode(data, mode));
  if (durability == Durability::kNow) {
    if (const Status synced = data_->Sync(); !synced.ok()) {
      RETURN_IF_ERROR(Discard());
      return DataLoss(StrCat("the disk lost what was written (", synced.message(), "); the file is fetched again"));
    }
  }
  Failpoint("commit.synced");
  RETURN_IF_ERROR(files_.Rename(data, path));
  Failpoint("commit.renamed");
  if (durability == Durability::kNow) RETURN_IF_ERROR(files_.SyncDirectory(ParentPath(path)));
  return RemoveFolder();
}

Status DiskIngest::Discard() {
  resume_.request_stop();
  return RemoveFolder();
}

Status DiskIngest::RemoveFolder() { return RemoveTree(files_, folder_); }

}  // namespace ballast
