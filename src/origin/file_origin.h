// Directories of this machine as models.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "base/unique_fd.h"
#include "origin/origin.h"

namespace ballast {

// Thread-safe, and without state. Only what lies below one of `roots` is opened; symbolic links are not followed and
// refused like every other thing that is no regular file. What git (".git") and `ballast pull` (".ballast") keep for
// themselves is no part of a model. No digest is known of a file, so RemoteFile::version says by inode, size and times
// which bytes were listed, and Read() refuses a file that has another one.
class FileOrigin final : public Origin {
 public:
  // `roots`: absolute directories. `name`: in error texts.
  FileOrigin(std::string name, std::vector<std::string> roots) : name_(std::move(name)), roots_(std::move(roots)) {}

  Result<ResolvedModel> Resolve(const ModelRef& ref, const PathFilter& filter, std::stop_token stop) override;
  Status Read(const ResolvedModel& model, const RemoteFile& file, ByteRange range, const ByteSink& sink,
              std::stop_token stop) override;

 private:
  struct Walk;

  Result<UniqueFd> OpenDirectory(const std::string& directory) const;
  static Status WalkDirectory(Walk& walk, UniqueFd directory, const std::string& prefix);
  static Status WalkEntry(Walk& walk, int directory, const std::string& name, const std::string& prefix);

  const std::string name_;
  const std::vector<std::string> roots_;
};

}  // namespace ballast
