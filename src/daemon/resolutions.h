// What each request was found to mean: the revision's commit and the manifest it led to. Kept over restarts, so that a
// warm node serves its caches while the hub is down, and a cache of updatePolicy Manual stays where it is.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/mutex.h"
#include "base/status.h"
#include "core/digest.h"
#include "daemon/model_request.h"

namespace ballast {

struct Resolution {
  std::string uri;       // ModelRef::Uri()
  std::string revision;  // as asked: a name, a commit; https: the digest
  std::string origin;
  PathFilter filter;
  bool kept = false;  // ModelRequest::keep_resolution
  std::string commit;
  Digest manifest;
  int64_t resolved_unix = 0;
  std::string domain;  // ModelRequest::domain

  friend bool operator==(const Resolution&, const Resolution&) = default;
};

// What names the version in a reference: the revision, or the digest of an https reference.
std::string VersionName(const ModelRef& ref);
// It can't move: a commit, a digest.
bool IsPinned(const ModelRef& ref);

std::string ResolutionsToJson(const std::vector<Resolution>& all);
// InvalidArgument for anything that ResolutionsToJson does not write.
Result<std::vector<Resolution>> ResolutionsFromJson(std::string_view json);

// The latest answer to `request`: its own, or, for a commit, that of any revision of the same selection that led there.
std::optional<Resolution> FindResolution(const std::vector<Resolution>& all, const ModelRequest& request);

// Thread-safe. Lives in one small file, rewritten whole.
class Resolutions {
 public:
  // A file that is absent is empty; one that can't be read is set aside as FILE.damaged with a warning: what it said is
  // asked again.
  static Result<std::unique_ptr<Resolutions>> Open(std::string file);

  std::optional<Resolution> Find(const ModelRequest& request) const;
  std::vector<Resolution> All() const;
  // Replaces the answer to the same request. Durable when it returns; an error has changed nothing. Nobody who reads
  // waits for the disk.
  Status Put(const ModelRequest& request, const std::string& commit, const Digest& manifest, int64_t now_unix);
  Status Forget(const Digest& manifest);

 private:
  Resolutions(std::string file, std::vector<Resolution> all) : file_(std::move(file)), all_(std::move(all)) {}
  Status Replace(std::vector<Resolution> all) REQUIRES(write_mutex_);

  const std::string file_;
  Mutex write_mutex_;
  mutable Mutex mutex_;
  std::vector<Resolution> all_ GUARDED_BY(mutex_);
};

}  // namespace ballast
