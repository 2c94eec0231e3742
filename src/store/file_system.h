// The seam between the store and the disk: the few operations that the store needs, so that tests can take the power
// away after any of them (testing/crash_file_system.h). All paths are absolute and hold no symbolic link.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"

namespace ballast {

// An open file. Thread-safe: reads and writes say where.
class File {
 public:
  virtual ~File() = default;

  // Fewer bytes than asked for only at the end of the file.
  virtual Result<size_t> Read(uint64_t offset, std::span<std::byte> into) = 0;
  // All of `bytes`. A file opened kDirect answers InvalidArgument where offset, length or address are not aligned as
  // the disk wants it.
  virtual Status Write(uint64_t offset, std::span<const std::byte> bytes) = 0;
  // The file has `size` bytes afterwards, with room for them on the disk where the file system can promise it.
  // ResourceExhausted when there is none.
  virtual Status Allocate(uint64_t size) = 0;
  // Asks the disk to begin writing what was written so; a hint.
  virtual void StartWriteback(uint64_t offset, uint64_t size) = 0;
  // After an error nothing is known of what was written; never call it again for the same bytes.
  virtual Status Sync() = 0;
  // False: another open file of the same name holds the lock, here or in another process. Freed by the destructor.
  virtual Result<bool> TryLock() = 0;
  // For sendfile(2); -1 where there is none. Belongs to the file.
  virtual int descriptor() const { return -1; }
};

enum class OpenMode {
  kRead,
  kReadWrite,     // must exist
  kCreate,        // must not exist; read and write
  kOpenOrCreate,  // read and write
  kDirect,        // must exist; written past the page cache. InvalidArgument where the file system can't
  kReadDirect,    // the same for reading: what is on the disk itself
};

struct FileInfo {
  enum class Type { kFile, kDirectory, kOther };
  Type type = Type::kOther;
  uint64_t size = 0;
  uint64_t allocated = 0;  // bytes on the disk, not holes
  uint64_t links = 0;
  uint32_t mode = 0;  // permission bits
  uint32_t uid = 0;
  int64_t modified_ns = 0;  // since the epoch
  uint64_t inode = 0;       // equal: links of one file
};

struct DirEntry {
  std::string name;
  FileInfo info;
};

struct SpaceInfo {
  uint64_t available = 0;
  uint64_t total = 0;
};

enum class Durability {
  kNow,    // survives a power loss when the call returns
  kLater,  // once somebody calls FileSystem::SyncAll()
};

// Thread-safe. Errors are those of ErrnoStatus; their text names the path.
class FileSystem {
 public:
  virtual ~FileSystem() = default;

  // A created file has the permission bits 0644, less the umask.
  virtual Result<std::unique_ptr<File>> Open(const std::string& path, OpenMode mode) = 0;
  virtual Status MakeDirectory(const std::string& path) = 0;  // 0755 whatever the umask; AlreadyExists
  virtual Status Remove(const std::string& path) = 0;
  virtual Status RemoveDirectory(const std::string& path) = 0;
  virtual Status Rename(const std::string& from, const std::string& to) = 0;  // replaces a file at `to`
  // OutOfRange: the file has all the links that the file system allows.
  virtual Status Link(const std::string& existing, const std::string& path) = 0;
  virtual Status SetMode(const std::string& path, uint32_t mode) = 0;
  virtual Result<FileInfo> Stat(const std::string& path) = 0;
  virtual Result<std::vector<DirEntry>> List(const std::string& path) = 0;  // sorted by name
  virtual Status SyncDirectory(const std::string& path) = 0;
  // Everything of the file system that `path` is on: how thousands of small files become durable at once.
  virtual Status SyncAll(const std::string& path) = 0;
  virtual Result<SpaceInfo> Space(const std::string& path) = 0;
};

// The parent of an absolute path; "/" of "/x".
std::string ParentPath(const std::string& path);

// What is written beside a file that it shall replace: "x.new", "x.tmp".
bool IsUnfinished(const DirEntry& entry);

// The whole file; OutOfRange where it is longer than `limit`.
Result<std::string> ReadSmallFile(FileSystem& files, const std::string& path, uint64_t limit);
// OK where there was nothing: of a removal or a rename that an earlier life may have done already.
Status IgnoreNotFound(const Status& status);

// An empty file, open for reading and writing; what a crash left at `path` is removed.
Result<std::unique_ptr<File>> CreateAnew(FileSystem& files, const std::string& path);
// Writes `content` beside `path` as `path`.new and renames it over `path`; kNow syncs the file before and the directory
// after.
Status WriteSmallFile(FileSystem& files, const std::string& path, std::string_view content,
                      Durability durability = Durability::kNow);
// OK when it is there already. The parents must exist.
Status EnsureDirectory(FileSystem& files, const std::string& path);
// Makes what is missing of `base`/`relative`; `base` may be empty for "/".
Status EnsureDirectories(FileSystem& files, const std::string& base, std::string_view relative);
// A new file with the same bytes, durable but for its name.
Status CopyFile(FileSystem& files, const std::string& from, const std::string& to, uint32_t mode);
// The directory and all below it; OK when there is none.
Status RemoveTree(FileSystem& files, const std::string& path);

}  // namespace ballast
