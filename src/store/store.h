// The content-addressed store of one node: one copy of each file, verified before it is visible. FORMAT.md beside this
// file describes what is on disk.
//
// Store opens the directory and owns its four parts: blobs, models (manifests), views, leases. All are thread-safe, and
// every mutation is durable when its call returns, unless the call says otherwise.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/status.h"
#include "core/digest.h"
#include "core/finding.h"
#include "core/manifest.h"
#include "store/blob_reader.h"
#include "store/file_system.h"
#include "store/ingest.h"
#include "store/local_ingest.h"

namespace ballast {

inline constexpr int kStoreFormat = 1;  // of what is on disk: FORMAT.md

enum class Layout { kPlain, kHf, kHfRepo };  // hf-repo: one repository's folder of an hf cache

// One publish of one volume; on disk as leases/<sha256(volume_id NUL target_path)>.
struct Lease {
  std::string volume_id;
  std::string target_path;
  std::string pod;                 // "namespace/name" or ""
  std::optional<Digest> manifest;  // absent until the model is resolved
  std::string view;                // relative to the root, "" until it is made
  std::string pod_uid = {};        // "" where unknown; its events need it

  friend bool operator==(const Lease&, const Lease&) = default;
};

// A manifest and everything that was said about it (a manifest may have come from several origins or revisions).
struct StoredModel {
  Digest id;
  Manifest manifest;
  std::vector<OriginRecord> origins;
  int64_t last_used_unix = 0;  // recorded at publish and unpublish; 0 = never. For people: clocks jump
  // The same in time that a daemon watched over the store (WatchedTime), and how much of it has passed since.
  std::chrono::milliseconds last_use{0};
  std::chrono::milliseconds idle{0};
  uint64_t own_bytes = 0;         // allocated by the manifest and what belongs to it, without blobs
  std::vector<Digest> generated;  // blobs that were made for its views; of List() only
};

struct StoredBlob {
  Digest digest;
  uint64_t allocated_bytes = 0;
};

struct StoreOptions {
  std::string root;
  uint64_t quota_bytes = 0;    // 0 = none; over our own allocated bytes
  uint64_t min_available = 0;  // bytes of the file system that a download must leave free
  IngestOptions ingest;
};

struct Usage {
  uint64_t used_bytes = 0;        // allocated by blobs, ingests, manifests
  uint64_t unfinished_bytes = 0;  // of used_bytes, of downloads that nobody works on: they give way when needed
  uint64_t reserved_bytes = 0;    // still to be written by open ingests
  uint64_t disk_free_bytes = 0;
  uint64_t disk_total_bytes = 0;
  uint32_t blobs = 0;
};

// What the cache may take. Those of StoreOptions until somebody says others.
struct RoomLimits {
  uint64_t quota_bytes = 0;
  uint64_t min_available = 0;

  friend bool operator==(const RoomLimits&, const RoomLimits&) = default;
};

// Room that a download will take, given back by the destructor. Thread-safe to destroy.
class Reservation {
 public:
  virtual ~Reservation() = default;
};

struct BlobDamage {
  Digest digest;
  std::string problem;  // "has sha256:..", "is 3 bytes short", "is missing"
};

// Told the bytes that were read since it was told last; false ends the reading.
using OnRead = std::function<bool(uint64_t bytes)>;

class BlobStore {
 public:
  virtual ~BlobStore() = default;

  virtual std::optional<uint64_t> Size(const Digest& digest) const = 0;  // nullopt: not here
  // What an origin's git object id was found to be, so that the same plain file is never fetched twice.
  virtual std::optional<Digest> FindByGitOid(const GitOid& oid) const = 0;
  // ResourceExhausted "needs 28.6 GiB; ..." where quota or disk can't take `bytes` now, FailedPrecondition where they
  // never can (more than the quota or the whole disk). Unfinished downloads that nobody works on count as free: they
  // give way when the room is needed. What ingests then take is no longer reserved.
  virtual Result<std::unique_ptr<Reservation>> Reserve(uint64_t bytes) = 0;
  // Removes unfinished downloads that nobody works on until `bytes` have come free, or none is left; returns how many.
  virtual Result<uint64_t> DropUnfinished(uint64_t bytes) = 0;
  // Aborted: somebody else receives the same content just now; once it has ended, Size() or FindByGitOid() know it.
  virtual Result<std::unique_ptr<Ingest>> OpenIngest(const ExpectedContent& expected) = 0;
  // Prove, fsync, rename, fsync(directory). DataLoss "expected .., got .." removes the ingest. Small files become
  // durable together, at the latest with ModelStore::Put(); a kill does not lose them.
  virtual Result<Digest> Commit(std::unique_ptr<Ingest> ingest) = 0;
  virtual Result<Digest> Put(std::string_view content) = 0;  // small generated files (refs, trees); durable like those
  // For peers: a blob that is here, or what is here of one that is being received (which its digest must have named
  // from the start). NotFound: neither.
  virtual Result<std::shared_ptr<BlobReader>> OpenForServing(const Digest& digest) = 0;
  // All that are here, small ones that are not durable yet included.
  virtual std::vector<StoredBlob> List() const = 0;
  // Reads the blob and compares; nullopt: intact. Cancelled where `on_read` ended it.
  virtual Result<std::optional<BlobDamage>> Verify(const Digest& digest, const OnRead& on_read) const = 0;
};

class ModelStore {
 public:
  virtual ~ModelStore() = default;

  // Adds `origin` to what is known of the manifest, the newest first. Aborted: one of its blobs is not here (any more).
  virtual Status Put(const Manifest& manifest, const OriginRecord& origin) = 0;
  virtual std::optional<StoredModel> Find(const Digest& id) const = 0;
  virtual std::vector<StoredModel> List() const = 0;
  virtual uint64_t AllocatedBytes(const Digest& id) const = 0;  // blocks that no other model shares
  // Removes manifests, views and the blobs that no other model, ingest or lease needs, together: the disk is synced a
  // few times for all of them. Returns for each, in order, the allocated bytes freed; or NotFound, FailedPrecondition
  // where a lease names it or a lease cannot be read and may stand for it. Blobs of `keep` stay: a download counts on
  // them. What an error of the disk cut short is gone on with when a model of it is removed or put, or at a start.
  virtual std::vector<Result<uint64_t>> RemoveAll(std::span<const Digest> ids, const std::set<Digest>& keep) = 0;
  Result<uint64_t> Remove(const Digest& id, const std::set<Digest>& keep = {}) {
    return std::move(RemoveAll({&id, 1}, keep).front());
  }
  // Removes blobs that no model holds, of downloads that nobody goes on with; returns for each, in order, the allocated
  // bytes freed. FailedPrecondition where a model holds it or a view links to it; NotFound.
  virtual std::vector<Result<uint64_t>> RemoveOrphans(std::span<const Digest> blobs) = 0;
  // A blob that was found damaged: it goes, and with it the models that hold it, which are returned. Their other blobs
  // stay, so that a download of them fetches only this one. Volumes keep what they have mounted, the damaged file
  // included, until they are released; what is mounted later is made anew. OK when there is no such blob.
  virtual Result<std::vector<StoredModel>> Discard(const Digest& blob) = 0;
};

// Directories of hard links to blobs: what gets mounted. Paths are relative to the root.
class ViewStore {
 public:
  virtual ~ViewStore() = default;

  // Idempotent. kHf and kHfRepo need an origin record with a commit whose uri is `uri` (InvalidArgument otherwise).
  virtual Result<std::string> Make(const Digest& model, Layout layout, const std::string& uri) = 0;

  // A view that is mounted before its model is complete: it only gains files. `name` makes it unique; it holds
  // .ballast/files.json, the paths and sizes to come: {"files":[{"path":..,"size":..}]}, paths below the view. It goes
  // when the last lease that names it is removed.
  virtual Result<std::string> OpenEarly(const std::string& name, Layout layout, const OriginRecord& origin,
                                        const std::vector<std::pair<SafePath, uint64_t>>& expected) = 0;
  virtual Status AddToEarly(const std::string& view, const SafePath& path, const Digest& blob) = 0;
  // Everything is there: the generated files of the layout are added, .ballast/ready appears last.
  virtual Status CompleteEarly(const std::string& view, const Digest& model) = 0;
};

class LeaseStore {
 public:
  virtual ~LeaseStore() = default;

  virtual Status Put(const Lease& lease) = 0;  // replaces the one of the same volume and target
  virtual Status Remove(const std::string& volume_id, const std::string& target_path) = 0;  // OK when there is none
  virtual std::vector<Lease> List() const = 0;
  // Leases of `view` that name no model name this one from now on. No lease comes back by it that is removed meanwhile.
  virtual Status NameModel(const std::string& view, const Digest& manifest) = 0;
};

class Store {
 public:
  // Creates or opens the store below options.root; takes its lock (a second daemon is refused: FailedPrecondition with
  // the other's pid); refuses a directory that others can write or that another uid owns, and a newer format. Removes
  // what a crash left half-done. Reads no blob's bytes. `files` and `clock` outlive the store. options.root is absolute
  // and holds no symbolic link (CanonicalPath); its parent exists.
  static Result<std::unique_ptr<Store>> Open(StoreOptions options, FileSystem& files, const Clock& clock);
  virtual ~Store() = default;

  virtual BlobStore& blobs() = 0;
  virtual ModelStore& models() = 0;
  virtual ViewStore& views() = 0;
  virtual LeaseStore& leases() = 0;

  virtual Usage GetUsage() const = 0;
  // What on the disk is not as FORMAT.md says, bytes of blobs aside (BlobStore::Verify()). One look: what is under way
  // meanwhile may be found, too, and is gone at the next (Lasting() in store_check.h).
  virtual Result<std::vector<Finding>> Check() const = 0;
  // Records how long the store was watched over. Meant to be called about once a minute: a crash forgets what came
  // after.
  virtual Status KeepWatch() = 0;
  // In effect for what is reserved from now on; nothing is removed for it.
  virtual RoomLimits room_limits() const = 0;
  virtual void SetRoomLimits(const RoomLimits& limits) = 0;
  virtual const std::string& root() const = 0;
};

}  // namespace ballast
