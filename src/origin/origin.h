// Where models come from: a hub, a directory, a URL. The world begins behind this interface.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <stop_token>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/status.h"
#include "core/digest.h"
#include "core/glob.h"
#include "core/manifest.h"
#include "core/model_ref.h"
#include "core/piece_map.h"
#include "core/safe_path.h"

namespace ballast {

// One file of a revision, as the origin lists it.
struct RemoteFile {
  SafePath path;
  uint64_t size = 0;
  std::optional<Digest> sha256;              // hub: the LFS oid; https: the fragment. Absent: known after the download
  std::optional<GitOid> git_oid;             // hub: of the bytes, or of the LFS pointer when lfs_pointer_size is set
  std::optional<uint64_t> lfs_pointer_size;  // hub: set for LFS files
  std::string version;  // directory: another one after each write to the file; "" where digests name the bytes

  friend bool operator==(const RemoteFile&, const RemoteFile&) = default;
};

// A revision that can't move any more: what Read() is asked for afterwards.
struct ResolvedModel {
  ModelRef ref;                   // as asked, revision included
  std::string commit;             // hub: 40 hex; else ""
  std::vector<RemoteFile> files;  // filtered, a valid path set (CheckPathSet), in the origin's order

  uint64_t TotalBytes() const;
};

// The rules of every listing: files of at most kMaxFileSize that are below 2^63 bytes together, and a valid path set.
// InvalidArgument names the offending entries.
Status CheckListing(const std::vector<RemoteFile>& files);

// A model without a file is a mistake: InvalidArgument where `filter` admits none of them, NotFound where there are
// none.
Status CheckNotEmpty(const ResolvedModel& model, const PathFilter& filter);

// The part of `model` whose digests nobody knows before the download.
ResolvedModel WithoutDigests(const ResolvedModel& model);
// What it consists of. FailedPrecondition: a file's digest is not known.
Result<Manifest> ManifestOf(const ResolvedModel& model);

// Receives the bytes of a range, in order. An error ends the Read() with that error.
using ByteSink = std::function<Status(std::span<const std::byte>)>;

// Thread-safe: several Read()s run at once, each on its caller's thread.
//
// Errors, each with a text that says what to do: NotFound (no such repository, revision, file), Unauthenticated (token
// or server's certificate), PermissionDenied (not admitted; an address or redirect we refuse), Unavailable (down, cut,
// stalled, 5xx, 429: retry_after()), FailedPrecondition (the file changed at the origin: resolve again),
// InvalidArgument (a listing or setting that breaks our rules), DataLoss (other bytes than announced; a retry may cure
// it), Unimplemented (the server knows no ranges), OutOfRange (a range outside the file), Cancelled (stop was
// requested).
class Origin {
 public:
  virtual ~Origin() = default;

  // Asks the origin once which commit `ref.revision` is and which of its files `filter` admits: at least one.
  virtual Result<ResolvedModel> Resolve(const ModelRef& ref, const PathFilter& filter, std::stop_token stop) = 0;

  // Delivers exactly range.size() bytes of `file` to `sink`, or an error; what was delivered before an error is valid.
  virtual Status Read(const ResolvedModel& model, const RemoteFile& file, ByteRange range, const ByteSink& sink,
                      std::stop_token stop) = 0;

  // Whether anybody is there to ask about `ref`: OK as soon as a new connection is taken, however long answers take.
  // Unavailable: none is within `patience`. Where there is nothing to connect to, somebody always is.
  virtual Status Reach(const ModelRef& /*ref*/, Duration /*patience*/, std::stop_token /*stop*/) { return OkStatus(); }
};

}  // namespace ballast
