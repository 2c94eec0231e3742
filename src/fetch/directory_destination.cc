#include "fetch/directory_destination.h"

#include <algorithm>
#include <atomic>
#include <fstream>
#include <utility>

#include "base/strings.h"
#include "fetch/expected.h"
#include "store/content_hash.h"

namespace ballast {
namespace {

constexpr size_t kBlock = 1 << 20;
constexpr uint32_t kFileMode = 0644;
constexpr uint64_t kWorthALook = 64 << 10;  // smaller files don't change whether there is room
// What a kill forgets of proven files, and the next pull hashes again.
constexpr std::chrono::seconds kIndexInterval{2};

std::string RunningBootId() {
  std::ifstream in("/proc/sys/kernel/random/boot_id");
  std::string id;
  in >> id;
  return id;
}

bool IsNotFound(const Status& status) { return status.code() == StatusCode::kNotFound; }

// NotFound and "is a directory on the way" both mean: no such file.
bool IsAbsent(const Status& status) { return IsNotFound(status) || status.code() == StatusCode::kFailedPrecondition; }

using Take = std::function<Status(uint64_t offset, std::span<const std::byte>)>;

Status ReadThrough(FileSystem& files, const std::string& path, uint64_t size, const Take& take) {
  ASSIGN_OR_RETURN(const auto file, files.Open(path, OpenMode::kRead));
  std::vector<std::byte> block(std::min<uint64_t>(kBlock, size));
  for (uint64_t at = 0; at < size;) {
    ASSIGN_OR_RETURN(const size_t count, file->Read(at, std::span(block).first(std::min<uint64_t>(kBlock, size - at))));
    if (count == 0) return DataLoss(StrCat(path, " became shorter while it was read"));
    RETURN_IF_ERROR(take(at, std::span(block).first(count)));
    at += count;
  }
  return OkStatus();
}

bool Matches(const ExpectedContent& expected, const IndexedFile& file) {
  return file.sha256 && file.size == expected.size && (!expected.sha256 || *expected.sha256 == *file.sha256);
}

}  // namespace

DirectoryDestination::DirectoryDestination(DirectoryOptions options, const ResolvedModel& model, FileSystem& files,
                                           const Clock& clock)
    : options_(std::move(options)), model_(model), files_(files), clock_(clock) {}

Result<std::unique_ptr<DirectoryDestination>> DirectoryDestination::Open(DirectoryOptions options,
                                                                         const ResolvedModel& model, FileSystem& files,
                                                                         const Clock& clock) {
  if (options.boot_id.empty()) options.boot_id = RunningBootId();
  std::unique_ptr<DirectoryDestination> made(new DirectoryDestination(std::move(options), model, files, clock));
  RETURN_IF_ERROR(made->Prepare());
  return made;
}

Status DirectoryDestination::Prepare() {
  const std::string own = options_.dir + "/.ballast";
  RETURN_IF_ERROR(EnsureDirectory(files_, options_.dir));
  RETURN_IF_ERROR(EnsureDirectory(files_, own));
  ASSIGN_OR_RETURN(lock_, files_.Open(own + "/lock", OpenMode::kOpenOrCreate));
  ASSIGN_OR_RETURN(const bool locked, lock_->TryLock());
  if (!locked) {
    return Aborted(
        StrCat("another ballast pulls to ", options_.dir, "; wait for it (ballast wait ", options_.dir, ")"));
  }
  RETURN_IF_ERROR(LoadIndex());
  RETURN_IF_ERROR(CheckRoom());
  const Status removed = files_.Remove(options_.dir + "/" + std::string(kDirectoryReadyPath));
  if (!removed.ok() && !IsNotFound(removed)) return removed;
  const MutexLock lock(mutex_);
  return WriteIndex(index_);
}

// What an earlier pull proved counts, as long as the kernel that it was proven under runs or it was made durable.
Status DirectoryDestination::LoadIndex() {
  const MutexLock lock(mutex_);
  const auto text =
      ReadSmallFile(files_, options_.dir + "/" + std::string(kDirectoryIndexPath), kMaxDirectoryIndexBytes);
  if (!text.ok() && !IsNotFound(text.status())) return text.status();
  const auto old = text.ok() ? DirectoryIndex::FromJson(*text) : Result<DirectoryIndex>(text.status());
  if (old.ok() && (old->state == "complete" || old->boot_id == options_.boot_id)) before_ = old->files;
  index_ = {model_.ref.ToString(), model_.commit, "downloading", options_.boot_id, {}};
  for (const RemoteFile& file : model_.files) {
    ASSIGN_OR_RETURN(SafePath local,
                     SafePath::Parse(StrCat(options_.prefix, options_.prefix.empty() ? "" : "/", file.path.str())));
    index_.files.emplace(std::move(local), IndexedFile{file.size, file.sha256, 0});
  }
  return OkStatus();
}

Status DirectoryDestination::CheckRoom() {
  const uint64_t needed = BytesToCome();
  ASSIGN_OR_RETURN(const SpaceInfo space, files_.Space(options_.dir));
  if (needed <= space.available) return OkStatus();
  return ResourceExhausted(StrCat("needs ", FormatBytes(needed), ", ", FormatBytes(space.available), " are free in ",
                                  options_.dir, "; free some space or choose a directory on another disk"));
}

// A guess from sizes alone: a file of the right size will do, an open ingest has its room already.
uint64_t DirectoryDestination::BytesToCome() {
  uint64_t bytes = 0;
  for (const RemoteFile& file : model_.files) {
    if (file.size < kWorthALook) {
      bytes += file.size;
      continue;
    }
    const auto here = files_.Stat(FullPath(Local(file.path)));
    if (here.ok() && here->size == file.size) continue;
    const auto ingest =
        files_.Stat(StrCat(options_.dir, "/.ballast/ingest/", ExpectedOf(model_, file).Name(), "/data"));
    const uint64_t allocated = ingest.ok() ? ingest->allocated : 0;
    bytes += file.size - std::min(file.size, allocated);
  }
  return bytes;
}

// LoadIndex() has seen that each is a safe path.
SafePath DirectoryDestination::Local(const SafePath& path) const {
  return options_.prefix.empty() ? path : SafePath::Parse(options_.prefix + "/" + path.str()).value();
}

Status DirectoryDestination::EnsureParent(const SafePath& local) {
  const size_t slash = local.str().rfind('/');
  if (slash == std::string::npos) return OkStatus();
  const std::string parent = local.str().substr(0, slash);
  {
    const MutexLock lock(mutex_);
    if (directories_.contains(parent)) return OkStatus();
  }
  RETURN_IF_ERROR(EnsureDirectories(files_, options_.dir, parent));
  const MutexLock lock(mutex_);
  directories_.insert(parent);
  return OkStatus();
}

Result<std::optional<Digest>> DirectoryDestination::Find(const RemoteFile& file) {
  const SafePath local = Local(file.path);
  const ExpectedContent expected = ExpectedOf(model_, file);
  std::optional<Digest> digest;
  const auto info = files_.Stat(FullPath(local));
  if (info.ok() && info->type == FileInfo::Type::kFile && info->size == file.size) {
    digest = Recorded(local, *info, expected);
    if (!digest) {
      ASSIGN_OR_RETURN(digest, HashInPlace(FullPath(local), expected));
    }
  } else if (!info.ok() && !IsAbsent(info.status())) {
    return info.status();
  }
  if (!digest) {
    ASSIGN_OR_RETURN(digest, CopyOfAnother(local, expected));
  }
  if (digest) RETURN_IF_ERROR(Record(local, expected, *digest));
  return digest;
}

// A git object id says nothing of a recorded SHA-256: such files are small, and are hashed.
std::optional<Digest> DirectoryDestination::Recorded(const SafePath& local, const FileInfo& info,
                                                     const ExpectedContent& expected) {
  const MutexLock lock(mutex_);
  const auto it = before_.find(local);
  if (it == before_.end() || it->second.modified_ns != info.modified_ns || !Matches(expected, it->second))
    return std::nullopt;
  if (!expected.sha256) return std::nullopt;
  return it->second.sha256;
}

Result<std::optional<Digest>> DirectoryDestination::HashInPlace(const std::string& path,
                                                                const ExpectedContent& expected) {
  if (!expected.sha256 && !expected.git_oid) return std::optional<Digest>();  // nothing to compare it with
  ContentHash hash(expected);
  RETURN_IF_ERROR(ReadThrough(files_, path, expected.size, [&hash](uint64_t, std::span<const std::byte> bytes) {
    hash.Update(bytes);
    return OkStatus();
  }));
  const Result<Digest> digest = hash.Check(expected);
  return digest.ok() ? std::optional<Digest>(*digest) : std::optional<Digest>();
}

// The same bytes under another path of this model: copied, and proven on the way.
Result<std::optional<Digest>> DirectoryDestination::CopyOfAnother(const SafePath& local,
                                                                  const ExpectedContent& expected) {
  std::optional<SafePath> source;
  {
    const MutexLock lock(mutex_);
    const auto it = contents_.find(expected.Name());
    if (it != contents_.end() && it->second != local) source = it->second;
  }
  if (!source || expected.size == 0) return std::optional<Digest>();
  const MutexLock one_at_a_time(copying_);  // their ingests have one name
  ASSIGN_OR_RETURN(auto ingest, OpenIngest(expected));
  if (ingest->pieces().have_count() > 0) {  // a copy that was interrupted
    RETURN_IF_ERROR(ingest->Discard());
    ingest.reset();
    ASSIGN_OR_RETURN(ingest, OpenIngest(expected));
  }
  ASSIGN_OR_RETURN(const auto writer, ingest->OpenRange({0, expected.size}));
  RETURN_IF_ERROR(ReadThrough(files_, FullPath(*source), expected.size,
                              [&writer](uint64_t, std::span<const std::byte> bytes) { return writer->Append(bytes); }));
  RETURN_IF_ERROR(writer->Flush());
  const Result<Digest> digest = ingest->Prove();
  if (!digest.ok()) {
    RETURN_IF_ERROR(ingest->Discard());
    return std::optional<Digest>();
  }
  RETURN_IF_ERROR(EnsureParent(local));
  RETURN_IF_ERROR(ingest->MoveTo(FullPath(local), kFileMode, Durability::kLater));
  return std::optional<Digest>(*digest);
}

Result<std::unique_ptr<StagedIngest>> DirectoryDestination::OpenIngest(const ExpectedContent& expected) {
  return OpenLocalIngest(files_, options_.dir + "/.ballast/ingest", expected);
}

Result<std::unique_ptr<Ingest>> DirectoryDestination::Open(const RemoteFile& file) {
  ASSIGN_OR_RETURN(auto ingest, OpenIngest(ExpectedOf(model_, file)));
  return std::unique_ptr<Ingest>(std::move(ingest));
}

Result<Digest> DirectoryDestination::Commit(const RemoteFile& file, std::unique_ptr<Ingest> ingest) {
  auto& staged = static_cast<StagedIngest&>(*ingest);  // Open() made it
  Result<Digest> digest = staged.Prove();
  if (!digest.ok()) {
    if (digest.status().code() == StatusCode::kDataLoss) RETURN_IF_ERROR(staged.Discard());
    return digest;
  }
  const SafePath local = Local(file.path);
  RETURN_IF_ERROR(EnsureParent(local));
  RETURN_IF_ERROR(staged.MoveTo(FullPath(local), kFileMode, Durability::kLater));
  RETURN_IF_ERROR(Record(local, ExpectedOf(model_, file), *digest));
  RETURN_IF_ERROR(WriteIndexNowAndThen());
  return digest;
}

Status DirectoryDestination::Record(const SafePath& local, const ExpectedContent& expected, const Digest& digest) {
  int64_t modified_ns = 0;
  if (expected.sha256) {  // else nobody will take its word: Recorded()
    ASSIGN_OR_RETURN(const FileInfo info, files_.Stat(FullPath(local)));
    modified_ns = info.modified_ns;
  }
  const MutexLock lock(mutex_);
  index_.files[local] = {expected.size, digest, modified_ns};
  contents_.emplace(expected.Name(), local);
  return OkStatus();
}

Status DirectoryDestination::WriteIndexNowAndThen() {
  DirectoryIndex copy;
  {
    const MutexLock lock(mutex_);
    const SteadyTime now = clock_.Steady();
    if (writing_ || now - written_at_ < kIndexInterval) return OkStatus();
    writing_ = true;
    written_at_ = now;
    copy = index_;
  }
  // Not synced: after a power loss it isn't believed anyway, and an fsync would wait for all the data before it.
  Status written =
      WriteSmallFile(files_, options_.dir + "/" + std::string(kDirectoryIndexPath), copy.ToJson(), Durability::kLater);
  const MutexLock lock(mutex_);
  writing_ = false;
  return written;
}

Status DirectoryDestination::WriteIndex(const DirectoryIndex& index) {
  return WriteSmallFile(files_, options_.dir + "/" + std::string(kDirectoryIndexPath), index.ToJson());
}

Status DirectoryDestination::Put(const SafePath& path, std::string_view content) {
  RETURN_IF_ERROR(EnsureParent(path));
  return WriteSmallFile(files_, FullPath(path), content);
}

Status DirectoryDestination::MakeDirectory(const SafePath& path) {
  return EnsureDirectories(files_, options_.dir, path.str());
}

Status DirectoryDestination::Complete() {
  RETURN_IF_ERROR(files_.SyncAll(options_.dir));
  RETURN_IF_ERROR(RemoveTree(files_, options_.dir + "/.ballast/ingest"));
  const MutexLock lock(mutex_);
  index_.state = "complete";
  RETURN_IF_ERROR(WriteIndex(index_));
  return WriteSmallFile(files_, options_.dir + "/" + std::string(kDirectoryReadyPath), "");
}

}  // namespace ballast
