#include "fetch/testing/memory_destination.h"

#include <algorithm>
#include <limits>

#include "base/mutex.h"
#include "base/strings.h"

namespace ballast {
namespace {

struct Unfinished {
  std::string data;
  PieceMap pieces;
  std::vector<ByteRange> being_written;  // by range writers
};

ExpectedContent ExpectedOf(const RemoteFile& file) {
  return {file.size, file.sha256, file.lfs_pointer_size ? std::nullopt : file.git_oid, file.path.str()};
}

}  // namespace

struct MemoryDestination::Shared {
  explicit Shared(uint32_t size) : piece_size(size) {}

  const uint32_t piece_size;
  Mutex mutex;
  std::map<std::string, std::string> files GUARDED_BY(mutex);
  std::map<Digest, std::string> by_digest GUARDED_BY(mutex);
  std::map<std::string, Unfinished> unfinished GUARDED_BY(mutex);
  std::vector<std::string> opened GUARDED_BY(mutex);
  uint64_t bytes_written GUARDED_BY(mutex) = 0;
  int writes_left GUARDED_BY(mutex) = std::numeric_limits<int>::max();
  int broken_rules GUARDED_BY(mutex) = 0;
};

namespace {

using Shared = MemoryDestination::Shared;

class MemoryWriter final : public RangeWriter {
 public:
  MemoryWriter(std::shared_ptr<Shared> shared, std::string path, ByteRange range)
      : shared_(std::move(shared)), path_(std::move(path)), range_(range), position_(range.begin) {}
  ~MemoryWriter() override {
    const MutexLock lock(shared_->mutex);
    const auto file = shared_->unfinished.find(path_);
    if (file == shared_->unfinished.end()) return;
    std::vector<ByteRange>& all = file->second.being_written;
    if (const auto own = std::ranges::find(all, range_); own != all.end()) all.erase(own);
  }

  Status Append(std::span<const std::byte> bytes) override {
    const MutexLock lock(shared_->mutex);
    if (shared_->writes_left-- <= 0) return ResourceExhausted("no space left in memory");
    Unfinished& file = shared_->unfinished.at(path_);
    if (bytes.size() > range_.end - position_) {
      ++shared_->broken_rules;
      return Internal("a write beyond its range");
    }
    for (uint64_t at = position_; at < position_ + bytes.size(); at += shared_->piece_size) {
      if (file.pieces.has(static_cast<uint32_t>(at / shared_->piece_size))) ++shared_->broken_rules;
    }
    std::copy_n(reinterpret_cast<const char*>(bytes.data()), bytes.size(),
                file.data.begin() + static_cast<int64_t>(position_));
    const uint64_t before = position_;
    position_ += bytes.size();
    shared_->bytes_written += bytes.size();
    for (uint64_t piece = before / shared_->piece_size; piece < file.pieces.count(); ++piece) {
      const ByteRange range = file.pieces.Range(static_cast<uint32_t>(piece));
      if (range.end > position_) break;
      file.pieces.Add(static_cast<uint32_t>(piece));
    }
    return OkStatus();
  }
  Status Flush() override { return OkStatus(); }

 private:
  const std::shared_ptr<Shared> shared_;
  const std::string path_;
  const ByteRange range_;
  uint64_t position_;
};

class MemoryIngest final : public Ingest {
 public:
  MemoryIngest(std::shared_ptr<Shared> shared, const RemoteFile& file)
      : shared_(std::move(shared)), path_(file.path.str()), expected_(ExpectedOf(file)) {}

  const ExpectedContent& expected() const override { return expected_; }
  PieceMap pieces() const override {
    const MutexLock lock(shared_->mutex);
    return shared_->unfinished.at(path_).pieces;
  }
  uint32_t hash_frontier() const override { return pieces().FirstMissing(); }

  Result<std::unique_ptr<RangeWriter>> OpenRange(ByteRange range) override {
    const bool aligned =
        range.begin % shared_->piece_size == 0 && (range.end % shared_->piece_size == 0 || range.end == expected_.size);
    const MutexLock lock(shared_->mutex);
    if (!aligned || range.empty()) ++shared_->broken_rules;
    Unfinished& file = shared_->unfinished.at(path_);
    for (uint64_t at = range.begin; at < range.end; at += shared_->piece_size) {
      if (file.pieces.has(static_cast<uint32_t>(at / shared_->piece_size)))
        return AlreadyExists("a piece of the range is here");
    }
    file.being_written.push_back(range);
    return std::unique_ptr<RangeWriter>(std::make_unique<MemoryWriter>(shared_, path_, range));
  }

  PieceBuffer Memory(size_t size) override { return std::make_shared<AlignedBuffer>(size); }
  Status WritePiece(uint32_t piece, const PieceBuffer& buffer) override {
    const std::span<const std::byte> bytes = buffer->span();
    const MutexLock lock(shared_->mutex);
    if (shared_->writes_left-- <= 0) return ResourceExhausted("no space left in memory");
    Unfinished& file = shared_->unfinished.at(path_);
    if (file.pieces.has(piece)) return AlreadyExists("it is here");
    const ByteRange range = file.pieces.Range(piece);
    for (const ByteRange& other : file.being_written) {
      if (range.begin < other.end && other.begin < range.end) return AlreadyExists("the range is being written");
    }
    if (range.size() != bytes.size()) ++shared_->broken_rules;
    std::copy_n(reinterpret_cast<const char*>(bytes.data()), range.size(),
                file.data.begin() + static_cast<int64_t>(range.begin));
    shared_->bytes_written += range.size();
    file.pieces.Add(piece);
    return OkStatus();
  }
  void ExpectReaders() override {}
  Status Drop(std::span<const uint32_t> pieces) override {
    const MutexLock lock(shared_->mutex);
    for (const uint32_t piece : pieces) shared_->unfinished.at(path_).pieces.Remove(piece);
    return OkStatus();
  }

  Result<Digest> Prove() override {
    const MutexLock lock(shared_->mutex);
    const Unfinished& file = shared_->unfinished.at(path_);
    if (!file.pieces.complete()) return Internal("not complete");
    const Digest digest = Digest::Of(file.data);
    if (expected_.sha256 && *expected_.sha256 != digest)
      return DataLoss(StrCat("expected ", *expected_.sha256, ", got ", digest));
    const GitOid oid = GitOid::OfBlob(file.data);
    if (expected_.git_oid && *expected_.git_oid != oid)
      return DataLoss(StrCat("expected ", *expected_.git_oid, ", got ", oid));
    return digest;
  }

 private:
  const std::shared_ptr<Shared> shared_;
  const std::string path_;
  const ExpectedContent expected_;
};

}  // namespace

MemoryDestination::MemoryDestination(uint32_t piece_size) : shared_(std::make_shared<Shared>(piece_size)) {}
MemoryDestination::~MemoryDestination() = default;

Result<std::optional<Digest>> MemoryDestination::Find(const RemoteFile& file) {
  const MutexLock lock(shared_->mutex);
  for (const auto& [digest, content] : shared_->by_digest) {
    const bool same = file.sha256 ? *file.sha256 == digest
                                  : file.git_oid && !file.lfs_pointer_size && *file.git_oid == GitOid::OfBlob(content);
    if (!same) continue;
    shared_->files[file.path.str()] = content;
    return std::optional<Digest>(digest);
  }
  return std::optional<Digest>();
}

Result<std::unique_ptr<Ingest>> MemoryDestination::Open(const RemoteFile& file) {
  const MutexLock lock(shared_->mutex);
  shared_->opened.push_back(file.path.str());
  shared_->unfinished.try_emplace(file.path.str(),
                                  Unfinished{std::string(file.size, '\0'), PieceMap(file.size, shared_->piece_size)});
  return std::unique_ptr<Ingest>(std::make_unique<MemoryIngest>(shared_, file));
}

Result<Digest> MemoryDestination::Commit(const RemoteFile& file, std::unique_ptr<Ingest> ingest) {
  Result<Digest> digest = ingest->Prove();
  const MutexLock lock(shared_->mutex);
  const auto unfinished = shared_->unfinished.find(file.path.str());
  if (digest.ok()) {
    shared_->files[file.path.str()] = unfinished->second.data;
    shared_->by_digest[*digest] = unfinished->second.data;
  }
  shared_->unfinished.erase(unfinished);
  return digest;
}

void MemoryDestination::FailWritesFrom(int n) {
  const MutexLock lock(shared_->mutex);
  shared_->writes_left = n - 1;
}

std::map<std::string, std::string> MemoryDestination::files() const {
  const MutexLock lock(shared_->mutex);
  return shared_->files;
}
std::vector<std::string> MemoryDestination::opened() const {
  const MutexLock lock(shared_->mutex);
  return shared_->opened;
}
uint64_t MemoryDestination::bytes_written() const {
  const MutexLock lock(shared_->mutex);
  return shared_->bytes_written;
}
int MemoryDestination::broken_rules() const {
  const MutexLock lock(shared_->mutex);
  return shared_->broken_rules;
}

}  // namespace ballast
