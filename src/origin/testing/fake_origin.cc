#include "origin/testing/fake_origin.h"

#include <algorithm>
#include <utility>

#include "base/strings.h"

namespace ballast {
namespace {

std::string LfsPointer(const Digest& digest, size_t size) {
  return StrCat("version https://git-lfs.github.com/spec/v1\noid ", digest.ToString(), "\nsize ", size, "\n");
}

RemoteFile Listed(const FakeFile& file) {
  auto path = SafePath::Parse(file.path);
  BALLAST_CHECK(path.ok()) << path.status();
  RemoteFile listed{.path = *path, .size = file.content.size()};
  if (file.kind == FakeFileKind::kPlain) listed.git_oid = GitOid::OfBlob(file.content);
  if (file.kind == FakeFileKind::kLfs) {
    listed.sha256 = Digest::Of(file.content);
    const std::string pointer = LfsPointer(*listed.sha256, file.content.size());
    listed.git_oid = GitOid::OfBlob(pointer);
    listed.lfs_pointer_size = pointer.size();
  }
  return listed;
}

std::string CommitOf(const std::vector<FakeFile>& files) {
  std::string all;
  for (const auto& file : files) all += StrCat(file.path, '\0', file.content.size(), '\0', file.content);
  return GitOid::OfBlob(all).Hex();
}

std::string Key(const std::string& uri, const std::string& revision) { return uri + "@" + revision; }

std::string RevisionOf(const ModelRef& ref) { return ref.revision.empty() ? "main" : ref.revision; }

}  // namespace

std::string FakeOrigin::Put(const std::string& uri, const std::vector<FakeFile>& files, const std::string& revision) {
  std::string id = CommitOf(files);
  Commit commit;
  for (const auto& file : files) {
    commit.listing.push_back(Listed(file));
    commit.content[file.path] = file.content;
  }
  MutexLock lock(mutex_);
  commits_[Key(uri, id)] = std::move(commit);
  revisions_[Key(uri, id)] = id;
  revisions_[Key(uri, revision.empty() ? "main" : revision)] = id;
  return id;
}

void FakeOrigin::FailResolve(Status error) {
  MutexLock lock(mutex_);
  resolve_errors_.push_back(std::move(error));
}

void FakeOrigin::FailRead(std::string path, Status error, uint64_t after_bytes) {
  MutexLock lock(mutex_);
  faults_.push_back({Fault::Kind::kFail, std::move(path), after_bytes, std::move(error)});
}

void FakeOrigin::CorruptRead(std::string path, uint64_t offset) {
  MutexLock lock(mutex_);
  faults_.push_back({Fault::Kind::kCorrupt, std::move(path), offset, {}});
}

void FakeOrigin::HoldRead(std::string path, uint64_t offset) {
  MutexLock lock(mutex_);
  faults_.push_back({Fault::Kind::kHold, std::move(path), offset, {}});
}

void FakeOrigin::Continue() {
  MutexLock lock(mutex_);
  ++continues_;
  changed_.NotifyAll();
}

void FakeOrigin::SetChunkBytes(size_t bytes) {
  MutexLock lock(mutex_);
  chunk_bytes_ = bytes;
}

int FakeOrigin::resolves() const {
  MutexLock lock(mutex_);
  return resolves_;
}

std::vector<FakeOrigin::ReadCall> FakeOrigin::reads() const {
  MutexLock lock(mutex_);
  return reads_;
}

uint64_t FakeOrigin::bytes_delivered() const {
  MutexLock lock(mutex_);
  return bytes_delivered_;
}

void FakeOrigin::AwaitHeld() {
  MutexLock lock(mutex_);
  while (held_ == 0) changed_.Wait(mutex_);
}

void FakeOrigin::FallSilent() {
  MutexLock lock(mutex_);
  silent_ = true;
  reachable_ = false;
}

void FakeOrigin::FallSlow() {
  MutexLock lock(mutex_);
  silent_ = true;
}

void FakeOrigin::Speak() {
  MutexLock lock(mutex_);
  silent_ = false;
  reachable_ = true;
  changed_.NotifyAll();
}

void FakeOrigin::WaitWhileSilent(const std::stop_token& stop) {
  const std::stop_callback wake(stop, [this] {
    MutexLock lock(mutex_);
    changed_.NotifyAll();
  });
  MutexLock lock(mutex_);
  while (silent_ && !stop.stop_requested()) changed_.Wait(mutex_);
}

void FakeOrigin::AwaitReached() {
  MutexLock lock(mutex_);
  while (reached_ == 0) changed_.Wait(mutex_);
}

Status FakeOrigin::Reach(const ModelRef& /*ref*/, Duration /*patience*/, std::stop_token /*stop*/) {
  MutexLock lock(mutex_);
  ++reached_;
  changed_.NotifyAll();
  return reachable_ ? OkStatus() : Unavailable("the fake origin is silent");
}

Result<ResolvedModel> FakeOrigin::Resolve(const ModelRef& ref, const PathFilter& filter, std::stop_token stop) {
  WaitWhileSilent(stop);
  MutexLock lock(mutex_);
  ++resolves_;
  if (stop.stop_requested()) return Cancelled("resolve was stopped");
  if (!resolve_errors_.empty()) {
    Status error = std::move(resolve_errors_.front());
    resolve_errors_.erase(resolve_errors_.begin());
    return error;
  }
  const auto found = revisions_.find(Key(ref.Uri(), RevisionOf(ref)));
  if (found == revisions_.end()) return NotFound(StrCat("the fake origin has no ", ref.ToString()));
  ResolvedModel model{.ref = ref, .commit = ref.scheme == OriginScheme::kHuggingFace ? found->second : ""};
  for (const auto& file : commits_[Key(ref.Uri(), found->second)].listing) {
    if (filter.Admits(file.path.str())) model.files.push_back(file);
  }
  RETURN_IF_ERROR(CheckNotEmpty(model, filter));
  return model;
}

Result<std::string> FakeOrigin::FindCommit(const ModelRef& ref, std::stop_token /*stop*/) {
  if (ref.scheme != OriginScheme::kHuggingFace) return std::string();
  MutexLock lock(mutex_);
  const auto found = revisions_.find(Key(ref.Uri(), RevisionOf(ref)));
  if (found == revisions_.end()) return NotFound(StrCat("the fake origin has no ", ref.ToString()));
  return found->second;
}

Status FakeOrigin::Read(const ResolvedModel& model, const RemoteFile& file, ByteRange range, const ByteSink& sink,
                        std::stop_token stop) {
  {
    MutexLock lock(mutex_);
    reads_.push_back({file.path.str(), range});
  }
  ASSIGN_OR_RETURN(const std::string content, FindContent(model, file));
  if (range.begin > range.end || range.end > content.size()) {
    return OutOfRange(
        StrCat("bytes ", range.begin, " to ", range.end, " of ", file.path, ", which has ", content.size()));
  }
  return Deliver(file.path.str(), content, range, sink, stop);
}

Result<std::string> FakeOrigin::FindContent(const ResolvedModel& model, const RemoteFile& file) const {
  MutexLock lock(mutex_);
  const std::string uri = model.ref.Uri();
  auto commit = model.commit;
  if (commit.empty()) {
    const auto named = revisions_.find(Key(uri, RevisionOf(model.ref)));
    if (named != revisions_.end()) commit = named->second;
  }
  const auto found = commits_.find(Key(uri, commit));
  if (found == commits_.end()) return NotFound(StrCat("the fake origin has no commit ", commit, " of ", uri));
  const auto content = found->second.content.find(file.path.str());
  if (content == found->second.content.end()) return NotFound(StrCat("the fake origin has no file ", file.path));
  if (content->second.size() != file.size) return FailedPrecondition(StrCat(file.path, " changed: resolve again"));
  return content->second;
}

Status FakeOrigin::Deliver(const std::string& path, std::string_view content, ByteRange range, const ByteSink& sink,
                           const std::stop_token& stop) {
  for (uint64_t at = range.begin;;) {
    size_t chunk_bytes = 0;
    {
      MutexLock lock(mutex_);
      chunk_bytes = chunk_bytes_;
    }
    ByteRange chunk{at, std::min<uint64_t>(range.end, at + chunk_bytes)};
    Fault fault;
    if (TakeFault(Fault::Kind::kHold, path, 0, chunk, fault)) RETURN_IF_ERROR(WaitWhileHeld(stop));
    if (stop.stop_requested()) return Cancelled(StrCat("reading ", path, " was stopped"));
    const bool fails = TakeFault(Fault::Kind::kFail, path, range.begin, chunk, fault);
    if (fails) chunk.end = range.begin + fault.offset;
    std::string bytes(content.substr(chunk.begin, chunk.size()));
    Fault flip;
    if (TakeFault(Fault::Kind::kCorrupt, path, 0, chunk, flip)) bytes[flip.offset - chunk.begin] ^= 1;
    {
      MutexLock lock(mutex_);
      bytes_delivered_ += bytes.size();
    }
    if (!bytes.empty()) RETURN_IF_ERROR(sink(std::as_bytes(std::span(bytes))));
    if (fails) return fault.error;
    at = chunk.end;
    if (at == range.end) return OkStatus();
  }
}

bool FakeOrigin::TakeFault(Fault::Kind kind, const std::string& path, uint64_t read_begin, ByteRange chunk,
                           Fault& taken) {
  const bool empty = chunk.empty();
  MutexLock lock(mutex_);
  const auto found = std::find_if(faults_.begin(), faults_.end(), [&](const Fault& fault) {
    const uint64_t at = read_begin + fault.offset;
    const bool hit = at >= chunk.begin && (at < chunk.end || (empty && at == chunk.begin) ||
                                           (kind == Fault::Kind::kFail && at == chunk.end));
    return fault.kind == kind && (fault.path.empty() || fault.path == path) && hit;
  });
  if (found == faults_.end()) return false;
  taken = std::move(*found);
  faults_.erase(found);
  return true;
}

Status FakeOrigin::WaitWhileHeld(const std::stop_token& stop) {
  std::stop_callback wake(stop, [this] {
    MutexLock lock(mutex_);
    changed_.NotifyAll();
  });
  MutexLock lock(mutex_);
  const uint64_t before = continues_;
  ++held_;
  changed_.NotifyAll();
  while (continues_ == before && !stop.stop_requested()) changed_.Wait(mutex_);
  --held_;
  return stop.stop_requested() ? Cancelled("a held read was stopped") : OkStatus();
}

}  // namespace ballast
