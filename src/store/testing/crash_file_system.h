// A file system in memory whose power can fail: what was not synced is then lost, wholly, or in part by a seed. It
// behaves as POSIX demands and no better: a file's bytes are durable after File::Sync(), a name after SyncDirectory()
// of its directory. Errors can be injected at every mutation.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "base/mutex.h"
#include "store/file_system.h"

namespace ballast {

enum class PowerLoss {
  kKeepAll,   // the process was killed, the machine went on
  kDropAll,   // everything that was not synced is lost
  kDropSome,  // of names and bytes that were not synced, each is kept or lost by chance
};

// Thread-safe. Files that are open over a crash must not be used any more.
class CrashFileSystem final : public FileSystem {
 public:
  // Asked before each mutation ("write", "sync", "rename", ...) of `path`; an error keeps it from happening.
  using Hook = std::function<Status(std::string_view operation, const std::string& path)>;

  CrashFileSystem();

  void SetHook(Hook hook);
  // Reading what ends with this is an input/output error from now on. "": nothing.
  void SetUnreadable(std::string end_of_path);
  void SetSpace(uint64_t total);
  void SetMaxLinks(uint64_t links);
  // The power goes and comes back. `seed` decides for kDropSome.
  void Crash(PowerLoss loss, uint32_t seed = 0);

  Result<std::unique_ptr<File>> Open(const std::string& path, OpenMode mode) override;
  Status MakeDirectory(const std::string& path) override;
  Status Remove(const std::string& path) override;
  Status RemoveDirectory(const std::string& path) override;
  Status Rename(const std::string& from, const std::string& to) override;
  Status Link(const std::string& existing, const std::string& path) override;
  Status SetMode(const std::string& path, uint32_t mode) override;
  Result<FileInfo> Stat(const std::string& path) override;
  Result<std::vector<DirEntry>> List(const std::string& path) override;
  Status SyncDirectory(const std::string& path) override;
  Status SyncAll(const std::string& path) override;
  Result<SpaceInfo> Space(const std::string& path) override;

 private:
  class OpenedFile;
  struct Node;
  using NodePtr = std::shared_ptr<Node>;
  struct Place {
    NodePtr directory;
    std::string name;
    NodePtr node;  // null: no such name
  };

  Status Ask(std::string_view operation, const std::string& path);
  Result<Place> Locate(const std::string& path) const REQUIRES(mutex_);
  Result<Place> LocateExisting(const std::string& path) const REQUIRES(mutex_);
  Status Grow(Node& node, uint64_t size, const std::string& path) REQUIRES(mutex_);
  uint64_t Used() const REQUIRES(mutex_);

  mutable Mutex mutex_;
  NodePtr root_ GUARDED_BY(mutex_);
  Hook hook_ GUARDED_BY(mutex_);
  std::string unreadable_ GUARDED_BY(mutex_);
  uint64_t total_ GUARDED_BY(mutex_) = uint64_t{1} << 40;
  uint64_t max_links_ GUARDED_BY(mutex_) = 65'000;
};

}  // namespace ballast
