#include "store/memory_ingest.h"

#include <unistd.h>

#include <algorithm>
#include <atomic>

#include "base/strings.h"
#include "store/content_hash.h"

namespace ballast {
namespace {

constexpr uint32_t kCreatedMode = 0644;  // FileSystem's promise

// Unique in this directory, also against another process.
std::string TemporaryName(const ExpectedContent& expected) {
  static std::atomic<uint64_t> counter = 0;
  return StrCat(expected.Name(), ".", ::getpid(), ".", counter++, ".tmp");
}

Status WriteFile(FileSystem& files, const std::string& path, std::string_view content, uint32_t mode, bool sync) {
  ASSIGN_OR_RETURN(const auto file, files.Open(path, OpenMode::kCreate));
  RETURN_IF_ERROR(file->Write(0, std::as_bytes(std::span(content))));
  if (mode != kCreatedMode) RETURN_IF_ERROR(files.SetMode(path, mode));
  return sync ? file->Sync() : OkStatus();
}

}  // namespace

class MemoryIngest::Writer final : public RangeWriter {
 public:
  explicit Writer(MemoryIngest& ingest) : ingest_(ingest) { content_.reserve(ingest.expected().size); }

  Status Append(std::span<const std::byte> bytes) override {
    if (content_.size() + bytes.size() > ingest_.expected().size) return OutOfRange("more bytes than the range has");
    content_.append(reinterpret_cast<const char*>(bytes.data()), bytes.size());
    return OkStatus();
  }

  Status Flush() override {
    if (!content_.empty() && content_.size() == ingest_.expected().size) ingest_.Complete(std::move(content_));
    return OkStatus();
  }

 private:
  MemoryIngest& ingest_;
  std::string content_;
};

MemoryIngest::MemoryIngest(FileSystem& files, std::string dir, ExpectedContent expected)
    : files_(files),
      dir_(std::move(dir)),
      expected_(std::move(expected)),
      reader_(std::make_shared<MemoryBlob>(expected_.size, expected_.Name())),
      pieces_(expected_.size, PieceSizeFor(expected_.size)),
      content_(std::make_shared<const std::string>()) {}

PieceMap MemoryIngest::pieces() const {
  MutexLock lock(mutex_);
  return pieces_;
}

uint32_t MemoryIngest::hash_frontier() const { return pieces().FirstMissing(); }

Result<std::unique_ptr<RangeWriter>> MemoryIngest::OpenRange(ByteRange range) {
  if (range.begin != 0 || range.end != expected_.size) return InvalidArgument("a range of this file is all of it");
  if (pieces().complete()) return AlreadyExists("the file is here");
  return std::unique_ptr<RangeWriter>(std::make_unique<Writer>(*this));
}

Status MemoryIngest::WritePiece(uint32_t piece, const PieceBuffer& buffer) {
  const std::span<const std::byte> bytes = buffer->span();
  if (piece != 0 || bytes.size() != expected_.size) return InvalidArgument("the piece of this file is all of it");
  if (pieces().complete()) return AlreadyExists("the file is here");
  Complete(std::string(reinterpret_cast<const char*>(bytes.data()), bytes.size()));
  return OkStatus();
}

Status MemoryIngest::Drop(std::span<const uint32_t> pieces) { return pieces.empty() ? OkStatus() : Discard(); }

void MemoryIngest::Complete(std::string content) {
  MutexLock lock(mutex_);
  if (pieces_.complete()) return;
  content_ = std::make_shared<const std::string>(std::move(content));
  pieces_.Add(0);
  reader_->Complete(content_);
}

Result<Digest> MemoryIngest::Prove() {
  MutexLock lock(mutex_);
  if (!pieces_.complete()) return FailedPrecondition("the file is not complete");
  ContentHash hash(expected_);
  hash.Update(std::as_bytes(std::span(*content_)));
  return hash.Check(expected_);
}

Status MemoryIngest::MoveTo(const std::string& path, uint32_t mode, Durability durability) {
  MutexLock lock(mutex_);
  const bool sync = durability == Durability::kNow;
  const std::string temporary = dir_ + "/" + TemporaryName(expected_);
  Status moved = WriteFile(files_, temporary, *content_, mode, sync);
  if (moved.code() == StatusCode::kNotFound) {  // the first file of its directory
    RETURN_IF_ERROR(EnsureDirectory(files_, dir_));
    moved = WriteFile(files_, temporary, *content_, mode, sync);
  }
  if (moved.ok()) moved = files_.Rename(temporary, path);
  if (!moved.ok()) {
    (void)files_.Remove(temporary);  // the write's error is the one to tell
    return moved;
  }
  return sync ? files_.SyncDirectory(ParentPath(path)) : OkStatus();
}

Status MemoryIngest::Discard() {
  MutexLock lock(mutex_);
  content_ = std::make_shared<const std::string>();
  reader_->Forget();
  pieces_ = PieceMap(expected_.size, PieceSizeFor(expected_.size));
  return OkStatus();
}

}  // namespace ballast
