// Directories of this machine as models.
#pragma once

#include <sys/stat.h>

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "base/mutex.h"
#include "base/unique_fd.h"
#include "origin/origin.h"

namespace ballast {

// Thread-safe. Only what lies below one of `roots` is opened; symbolic links are not followed and refused like every
// other thing that is no regular file. Nothing is known of a file but its size, so Read() refuses one whose size, time
// or inode is not what Resolve() saw.
class FileOrigin final : public Origin {
 public:
  // `roots`: absolute directories. `name`: in error texts.
  FileOrigin(std::string name, std::vector<std::string> roots) : name_(std::move(name)), roots_(std::move(roots)) {}

  Result<ResolvedModel> Resolve(const ModelRef& ref, const PathFilter& filter, std::stop_token stop) override;
  Status Read(const ResolvedModel& model, const RemoteFile& file, ByteRange range, const ByteSink& sink,
              std::stop_token stop) override;

 private:
  // What of a file shows that it was written to.
  struct Stamp {
    uint64_t inode = 0;
    uint64_t size = 0;
    int64_t seconds = 0;
    int64_t nanoseconds = 0;
    static Stamp Of(const struct stat& info);
    friend bool operator==(const Stamp&, const Stamp&) = default;
  };
  using Stamps = std::map<std::string, Stamp>;  // by path in the model
  struct Walk;

  Result<UniqueFd> OpenDirectory(const std::string& directory) const;
  static Status WalkDirectory(Walk& walk, UniqueFd directory, const std::string& prefix);
  static Status WalkEntry(Walk& walk, int directory, const std::string& name, const std::string& prefix);
  Status CheckStamp(const ResolvedModel& model, const RemoteFile& file, const struct stat& info) const EXCLUDES(mutex_);

  const std::string name_;
  const std::vector<std::string> roots_;
  mutable Mutex mutex_;
  std::map<std::string, Stamps> stamps_ GUARDED_BY(mutex_);  // by directory; the last kMaxModels that were resolved
};

}  // namespace ballast
