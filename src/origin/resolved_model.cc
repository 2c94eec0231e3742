#include <limits>

#include "base/strings.h"
#include "origin/origin.h"

namespace ballast {
namespace {

constexpr uint64_t kMaxTotalBytes = std::numeric_limits<int64_t>::max();

}  // namespace

uint64_t ResolvedModel::TotalBytes() const {
  uint64_t total = 0;
  for (const RemoteFile& file : files) total += file.size;
  return total;
}

Status CheckListing(const std::vector<RemoteFile>& files) {
  std::vector<SafePath> paths;
  paths.reserve(files.size());
  uint64_t total = 0;
  for (const RemoteFile& file : files) {
    if (file.size > kMaxFileSize) {
      return InvalidArgument(StrCat("file ", file.path, " claims ", FormatBytes(file.size), "; at most ",
                                    FormatBytes(kMaxFileSize), " are possible; leave it out with `exclude`"));
    }
    total += file.size;  // each is at most 2^50, so one overflow at a time is seen
    if (total > kMaxTotalBytes) return InvalidArgument("the sizes that are listed add up to more than 2^63 bytes");
    paths.push_back(file.path);
  }
  return CheckPathSet(paths);
}

Status CheckNotEmpty(const ResolvedModel& model, const PathFilter& filter) {
  if (!model.files.empty()) return OkStatus();
  if (filter == PathFilter{}) return NotFound(StrCat(model.ref.ToString(), " holds no file"));
  return InvalidArgument(StrCat("`include` and `exclude` leave no file of ", model.ref.ToString(),
                                ": check the patterns (\"*\" also matches '/', \"folder/\" is all below a folder)"));
}

ResolvedModel WithoutDigests(const ResolvedModel& model) {
  ResolvedModel part{.ref = model.ref, .commit = model.commit};
  for (const RemoteFile& file : model.files) {
    if (!file.sha256) part.files.push_back(file);
  }
  return part;
}

Result<Manifest> ManifestOf(const ResolvedModel& model) {
  std::vector<ManifestFile> files;
  for (const RemoteFile& file : model.files) {
    if (!file.sha256) return FailedPrecondition(StrCat("the digest of ", file.path, " is not known"));
    files.push_back({file.path, *file.sha256, file.size});
  }
  return Manifest::Make(std::move(files));
}

}  // namespace ballast
