// The real disk. Every path is opened with openat2(RESOLVE_NO_SYMLINKS): a symbolic link anywhere in it is an error.
#pragma once

#include "store/file_system.h"

namespace ballast {

class PosixFileSystem final : public FileSystem {
 public:
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
};

// `path` absolute and without symbolic links, as FileSystem wants it; the directory must exist.
Result<std::string> CanonicalPath(const std::string& path);

}  // namespace ballast
