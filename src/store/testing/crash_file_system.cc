#include "store/testing/crash_file_system.h"

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <cstring>
#include <map>
#include <random>
#include <set>

#include "base/check.h"
#include "base/errno_status.h"
#include "base/strings.h"
#include "store/aligned_buffer.h"

namespace ballast {
namespace {

constexpr size_t kPage = 4096;

bool Aligned(uint64_t value) { return value % AlignedBuffer::kAlignment == 0; }

}  // namespace

struct CrashFileSystem::Node {
  bool directory = false;
  uint32_t mode = 0644;
  std::string data;
  std::map<std::string, NodePtr> names;
  uint64_t links = 0;
  bool locked = false;
  // What a power loss leaves.
  uint32_t durable_mode = 0644;
  std::string durable_data;
  std::map<std::string, NodePtr> durable_names;
};

namespace {

// Builds the tree that is left after a crash.
template <typename Node, typename NodePtr>
class Survivors {
 public:
  Survivors(PowerLoss loss, uint32_t seed) : loss_(loss), random_(seed) {}

  NodePtr Of(const NodePtr& node) {
    auto& survivor = made_[node.get()];
    if (survivor != nullptr) return survivor;
    survivor = std::make_shared<Node>();
    NodePtr made = survivor;
    made->directory = node->directory;
    made->mode = made->durable_mode = KeepNew() ? node->mode : node->durable_mode;
    made->data = made->durable_data = Data(*node);
    for (const std::string& name : Names(*node)) AddName(*node, name, *made);
    made->durable_names = made->names;
    return made;
  }

 private:
  bool KeepNew() { return loss_ == PowerLoss::kKeepAll || (loss_ == PowerLoss::kDropSome && random_() % 2 == 0); }

  static std::set<std::string> Names(const Node& node) {
    std::set<std::string> names;
    for (const auto& [name, child] : node.names) names.insert(name);
    for (const auto& [name, child] : node.durable_names) names.insert(name);
    return names;
  }

  void AddName(const Node& node, const std::string& name, Node& made) {
    const auto now = node.names.find(name);
    const auto durable = node.durable_names.find(name);
    const NodePtr now_node = now == node.names.end() ? nullptr : now->second;
    const NodePtr durable_node = durable == node.durable_names.end() ? nullptr : durable->second;
    const NodePtr kept = now_node == durable_node || KeepNew() ? now_node : durable_node;
    if (kept == nullptr) return;
    const NodePtr child = Of(kept);
    ++child->links;
    made.names.emplace(name, child);
  }

  // Pages that were written and not synced may be there or not, each by itself.
  std::string Data(const Node& node) {
    if (loss_ == PowerLoss::kKeepAll) return node.data;
    if (loss_ == PowerLoss::kDropAll || node.data == node.durable_data) return node.durable_data;
    std::string data = node.durable_data;
    if (KeepNew()) data.resize(node.data.size(), '\0');
    for (size_t at = 0; at < std::min(data.size(), node.data.size()); at += kPage) {
      const size_t size = std::min({kPage, data.size() - at, node.data.size() - at});
      if (KeepNew()) data.replace(at, size, node.data, at, size);
    }
    return data;
  }

  const PowerLoss loss_;
  std::mt19937 random_;
  std::map<const Node*, NodePtr> made_;
};

}  // namespace

class CrashFileSystem::OpenedFile final : public File {
 public:
  OpenedFile(CrashFileSystem& files, NodePtr node, std::string path, OpenMode mode)
      : files_(files), node_(std::move(node)), path_(std::move(path)), mode_(mode) {}
  ~OpenedFile() override {
    MutexLock lock(files_.mutex_);
    if (holds_lock_) node_->locked = false;
  }

  Result<size_t> Read(uint64_t offset, std::span<std::byte> into) override {
    MutexLock lock(files_.mutex_);
    if (!files_.unreadable_.empty() && path_.ends_with(files_.unreadable_)) return ErrnoStatus(EIO, "read " + path_);
    if (offset >= node_->data.size()) return size_t{0};
    const size_t count = std::min<uint64_t>(into.size(), node_->data.size() - offset);
    std::memcpy(into.data(), node_->data.data() + offset, count);
    return count;
  }

  Status Write(uint64_t offset, std::span<const std::byte> bytes) override {
    BALLAST_CHECK(mode_ != OpenMode::kRead) << path_ << " is open for reading only";
    const bool aligned = Aligned(offset) && Aligned(bytes.size()) && Aligned(reinterpret_cast<uintptr_t>(bytes.data()));
    if (mode_ == OpenMode::kDirect && !aligned) return InvalidArgument("write " + path_ + ": not aligned");
    RETURN_IF_ERROR(files_.Ask("write", path_));
    MutexLock lock(files_.mutex_);
    RETURN_IF_ERROR(files_.Grow(*node_, std::max<uint64_t>(node_->data.size(), offset + bytes.size()), path_));
    std::memcpy(node_->data.data() + offset, bytes.data(), bytes.size());
    return OkStatus();
  }

  Status Allocate(uint64_t size) override {
    RETURN_IF_ERROR(files_.Ask("allocate", path_));
    MutexLock lock(files_.mutex_);
    return files_.Grow(*node_, std::max<uint64_t>(node_->data.size(), size), path_);
  }

  void StartWriteback(uint64_t /*offset*/, uint64_t /*size*/) override {}

  Status Sync() override {
    RETURN_IF_ERROR(files_.Ask("sync", path_));
    MutexLock lock(files_.mutex_);
    node_->durable_data = node_->data;
    node_->durable_mode = node_->mode;
    return OkStatus();
  }

  Result<bool> TryLock() override {
    MutexLock lock(files_.mutex_);
    if (node_->locked && !holds_lock_) return false;
    holds_lock_ = node_->locked = true;
    return true;
  }

 private:
  CrashFileSystem& files_;
  const NodePtr node_;
  const std::string path_;
  const OpenMode mode_;
  bool holds_lock_ = false;
};

CrashFileSystem::CrashFileSystem() : root_(std::make_shared<Node>()) {
  root_->directory = true;
  root_->mode = root_->durable_mode = 0755;
}

void CrashFileSystem::SetHook(Hook hook) {
  MutexLock lock(mutex_);
  hook_ = std::move(hook);
}

void CrashFileSystem::SetSpace(uint64_t total) {
  MutexLock lock(mutex_);
  total_ = total;
}

void CrashFileSystem::SetMaxLinks(uint64_t links) {
  MutexLock lock(mutex_);
  max_links_ = links;
}

void CrashFileSystem::Crash(PowerLoss loss, uint32_t seed) {
  MutexLock lock(mutex_);
  root_ = Survivors<Node, NodePtr>(loss, seed).Of(root_);
  hook_ = nullptr;
}

void CrashFileSystem::SetUnreadable(std::string end_of_path) {
  MutexLock lock(mutex_);
  unreadable_ = std::move(end_of_path);
}

Status CrashFileSystem::Ask(std::string_view operation, const std::string& path) {
  Hook hook;
  {
    MutexLock lock(mutex_);
    hook = hook_;
  }
  return hook ? hook(operation, path) : OkStatus();
}

Result<CrashFileSystem::Place> CrashFileSystem::Locate(const std::string& path) const {
  Place place{root_, "", root_};
  for (const std::string_view part : Split(path, '/')) {
    if (part.empty()) continue;
    if (place.node == nullptr || !place.node->directory) return NotFound(StrCat(path, ": no such file or directory"));
    place.directory = place.node;
    place.name = part;
    const auto found = place.directory->names.find(place.name);
    place.node = found == place.directory->names.end() ? nullptr : found->second;
  }
  return place;
}

Result<CrashFileSystem::Place> CrashFileSystem::LocateExisting(const std::string& path) const {
  ASSIGN_OR_RETURN(Place place, Locate(path));
  if (place.node == nullptr) return NotFound(StrCat(path, ": no such file or directory"));
  return place;
}

uint64_t CrashFileSystem::Used() const {
  std::set<const Node*> seen;
  std::vector<const Node*> left = {root_.get()};
  uint64_t used = 0;
  while (!left.empty()) {
    const Node* node = left.back();
    left.pop_back();
    if (!seen.insert(node).second) continue;
    used += node->data.size();
    for (const auto& [name, child] : node->names) left.push_back(child.get());
  }
  return used;
}

Status CrashFileSystem::Grow(Node& node, uint64_t size, const std::string& path) {
  if (size > node.data.size() && Used() + size - node.data.size() > total_) {
    return ResourceExhausted(StrCat("write ", path, ": no space left on device"));
  }
  node.data.resize(size, '\0');
  return OkStatus();
}

Result<std::unique_ptr<File>> CrashFileSystem::Open(const std::string& path, OpenMode mode) {
  {
    MutexLock lock(mutex_);
    ASSIGN_OR_RETURN(const Place place, Locate(path));
    if (place.node != nullptr) {
      if (mode == OpenMode::kCreate) return AlreadyExists("open " + path);
      if (place.node->directory) return InvalidArgument(path + " is a directory");
      return std::unique_ptr<File>(std::make_unique<OpenedFile>(*this, place.node, path, mode));
    }
  }
  if (mode != OpenMode::kCreate && mode != OpenMode::kOpenOrCreate) return NotFound("open " + path);
  RETURN_IF_ERROR(Ask("create", path));
  MutexLock lock(mutex_);
  ASSIGN_OR_RETURN(const Place place, Locate(path));
  const auto node = std::make_shared<Node>();
  node->links = 1;
  place.directory->names.emplace(place.name, node);
  return std::unique_ptr<File>(std::make_unique<OpenedFile>(*this, node, path, mode));
}

Status CrashFileSystem::MakeDirectory(const std::string& path) {
  {
    MutexLock lock(mutex_);
    ASSIGN_OR_RETURN(const Place place, Locate(path));
    if (place.node != nullptr) return AlreadyExists("mkdir " + path);
  }
  RETURN_IF_ERROR(Ask("mkdir", path));
  MutexLock lock(mutex_);
  ASSIGN_OR_RETURN(const Place place, Locate(path));
  const auto node = std::make_shared<Node>();
  node->directory = true;
  node->mode = node->durable_mode = 0755;
  node->links = 1;
  place.directory->names.emplace(place.name, node);
  return OkStatus();
}

Status CrashFileSystem::Remove(const std::string& path) {
  {
    MutexLock lock(mutex_);
    ASSIGN_OR_RETURN(const Place place, LocateExisting(path));
    if (place.node->directory) return InvalidArgument(path + " is a directory");
  }
  RETURN_IF_ERROR(Ask("remove", path));
  MutexLock lock(mutex_);
  ASSIGN_OR_RETURN(const Place place, LocateExisting(path));
  --place.node->links;
  place.directory->names.erase(place.name);
  return OkStatus();
}

Status CrashFileSystem::RemoveDirectory(const std::string& path) {
  {
    MutexLock lock(mutex_);
    ASSIGN_OR_RETURN(const Place place, LocateExisting(path));
    if (!place.node->directory || !place.node->names.empty()) return FailedPrecondition(path + " is not empty");
  }
  RETURN_IF_ERROR(Ask("rmdir", path));
  MutexLock lock(mutex_);
  ASSIGN_OR_RETURN(const Place place, LocateExisting(path));
  place.directory->names.erase(place.name);
  return OkStatus();
}

Status CrashFileSystem::Rename(const std::string& from, const std::string& to) {
  {
    MutexLock lock(mutex_);
    ASSIGN_OR_RETURN(const Place source, LocateExisting(from));
    ASSIGN_OR_RETURN(const Place target, Locate(to));
    if (target.node != nullptr && target.node->directory) return AlreadyExists("rename " + from + " to " + to);
  }
  RETURN_IF_ERROR(Ask("rename", to));
  MutexLock lock(mutex_);
  ASSIGN_OR_RETURN(const Place source, LocateExisting(from));
  ASSIGN_OR_RETURN(const Place target, Locate(to));
  if (target.node != nullptr) --target.node->links;
  source.directory->names.erase(source.name);
  target.directory->names.insert_or_assign(target.name, source.node);
  return OkStatus();
}

Status CrashFileSystem::Link(const std::string& existing, const std::string& path) {
  {
    MutexLock lock(mutex_);
    ASSIGN_OR_RETURN(const Place source, LocateExisting(existing));
    ASSIGN_OR_RETURN(const Place target, Locate(path));
    if (target.node != nullptr) return AlreadyExists("link " + path);
    if (source.node->links >= max_links_) return OutOfRange("link " + path + ": too many links of " + existing);
  }
  RETURN_IF_ERROR(Ask("link", path));
  MutexLock lock(mutex_);
  ASSIGN_OR_RETURN(const Place source, LocateExisting(existing));
  ASSIGN_OR_RETURN(const Place target, Locate(path));
  ++source.node->links;
  target.directory->names.emplace(target.name, source.node);
  return OkStatus();
}

Status CrashFileSystem::SetMode(const std::string& path, uint32_t mode) {
  RETURN_IF_ERROR(Ask("chmod", path));
  MutexLock lock(mutex_);
  ASSIGN_OR_RETURN(const Place place, LocateExisting(path));
  place.node->mode = mode;
  return OkStatus();
}

Result<FileInfo> CrashFileSystem::Stat(const std::string& path) {
  MutexLock lock(mutex_);
  ASSIGN_OR_RETURN(const Place place, LocateExisting(path));
  const Node& node = *place.node;
  const uint64_t allocated = (node.data.size() + kPage - 1) / kPage * kPage;
  return FileInfo{node.directory ? FileInfo::Type::kDirectory : FileInfo::Type::kFile,
                  node.data.size(),
                  allocated,
                  node.links,
                  node.mode,
                  ::geteuid(),
                  0,
                  reinterpret_cast<uintptr_t>(&node)};
}

Result<std::vector<DirEntry>> CrashFileSystem::List(const std::string& path) {
  std::vector<std::string> names;
  {
    MutexLock lock(mutex_);
    ASSIGN_OR_RETURN(const Place place, LocateExisting(path));
    if (!place.node->directory) return InvalidArgument(path + " is no directory");
    for (const auto& [name, child] : place.node->names) names.push_back(name);
  }
  std::vector<DirEntry> entries;
  for (const std::string& name : names) {
    auto info = Stat(StrCat(path, "/", name));
    if (info.ok()) entries.push_back({name, *info});
  }
  return entries;
}

Status CrashFileSystem::SyncDirectory(const std::string& path) {
  RETURN_IF_ERROR(Ask("syncdir", path));
  MutexLock lock(mutex_);
  ASSIGN_OR_RETURN(const Place place, LocateExisting(path));
  place.node->durable_names = place.node->names;
  place.node->durable_mode = place.node->mode;
  return OkStatus();
}

Status CrashFileSystem::SyncAll(const std::string& path) {
  RETURN_IF_ERROR(Ask("syncall", path));
  MutexLock lock(mutex_);
  std::vector<NodePtr> left = {root_};
  while (!left.empty()) {
    const NodePtr node = left.back();
    left.pop_back();
    node->durable_data = node->data;
    node->durable_mode = node->mode;
    node->durable_names = node->names;
    for (const auto& [name, child] : node->names) left.push_back(child);
  }
  return OkStatus();
}

Result<SpaceInfo> CrashFileSystem::Space(const std::string& /*path*/) {
  MutexLock lock(mutex_);
  const uint64_t used = Used();
  return SpaceInfo{total_ - std::min(used, total_), total_};
}

}  // namespace ballast
