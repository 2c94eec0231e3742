#include "store/disk_ingest.h"

#include <algorithm>
#include <map>

#include "base/failpoint.h"
#include "base/strings.h"
#include "base/thread.h"
#include "store/aligned_buffer.h"
#include "store/boot_id.h"
#include "store/memory_ingest.h"
#include "store/piece_hash.h"

namespace ballast {
namespace {

constexpr uint64_t kOwnMemory = 32 << 20;  // bytes that an ingest keeps where it shares no memory with others

// Asks first: an allocation that fails takes all the room there is for a moment.
Status AllocateOrSay(FileSystem& files, File& file, const std::string& folder, uint64_t size) {
  ASSIGN_OR_RETURN(const SpaceInfo space, files.Space(folder));
  Status allocated = space.available < size ? ResourceExhausted("no room") : file.Allocate(size);
  if (allocated.code() != StatusCode::kResourceExhausted) return allocated;
  return ResourceExhausted(StrCat("needs ", FormatBytes(size), ", ", FormatBytes(space.available), " are free at ",
                                  folder, "; make room there (", allocated.message(), ")"));
}

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

DiskIngest::DiskIngest(FileSystem& files, std::string folder, ExpectedContent expected,
                       std::shared_ptr<PieceMemory> memory)
    : files_(files),
      folder_(std::move(folder)),
      expected_(std::move(expected)),
      memory_(std::move(memory)),
      hash_(expected_),
      at_piece_(expected_) {}

DiskIngest::~DiskIngest() {
  if (reader_ != nullptr) reader_->End();
}

Result<std::unique_ptr<StagedIngest>> DiskIngest::Open(FileSystem& files, const std::string& dir,
                                                       const ExpectedContent& expected, const IngestOptions& options) {
  const std::string folder = dir + "/" + expected.Name();
  RETURN_IF_ERROR(EnsureDirectory(files, folder));
  auto memory = options.memory != nullptr ? options.memory : std::make_shared<PieceMemory>(kOwnMemory);
  std::unique_ptr<DiskIngest> ingest(new DiskIngest(files, folder, expected, std::move(memory)));
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
  ASSIGN_OR_RETURN(auto file, files_.Open(folder_ + "/data", OpenMode::kRead));
  MutexLock lock(mutex_);
  reader_ = std::make_shared<ReceivingBlob>(std::move(file), pieces_, expected_.Name(), memory_);
  if (resumed_ > 0) resume_ = StartThread([this](const std::stop_token& stop) { HashResumed(stop); });
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
  JournalHeader header = journal.header;
  header.boot_id = boot_id;
  MutexLock lock(mutex_);
  pieces_ = pieces;
  resumed_ = pieces.FirstMissing();
  journal_->Continue(journal);
  return same_boot && !journal.torn ? OkStatus() : journal_->Rewrite(header, good);
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
  Failpoint("commit.directory_synced");
  return RemoveFolder();
}

Status DiskIngest::Discard() {
  resume_.request_stop();
  reader_->End();
  return RemoveFolder();
}

Status DiskIngest::RemoveFolder() { return RemoveTree(files_, folder_); }

}  // namespace ballast
