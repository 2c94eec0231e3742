// An origin in memory that behaves: filters, pins commits, knows of files what each kind of origin knows, and fails on
// demand. For the tests of whatever reads from an Origin.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/mutex.h"
#include "origin/origin.h"

namespace ballast {

// What a listing says of a file, and with that how its bytes can be checked.
enum class FakeFileKind {
  kLfs,      // hub, large: sha256, size and oid of the pointer
  kPlain,    // hub, small: git oid only
  kUnnamed,  // a directory's file: nothing but the size
};

struct FakeFile {
  std::string path;
  std::string content;
  FakeFileKind kind = FakeFileKind::kLfs;
};

// Thread-safe. Faults are consumed in the order in which they were given, each by the first Read() it fits.
class FakeOrigin final : public Origin {
 public:
  struct ReadCall {
    std::string path;
    ByteRange range;
    friend bool operator==(const ReadCall&, const ReadCall&) = default;
  };

  // Makes `revision` of `uri` ("hf://org/name", ModelRef::Uri()) hold `files`; "" is "main". Returns the commit, which
  // is derived from the files; older commits stay readable, as at a hub. Paths must be safe.
  std::string Put(const std::string& uri, const std::vector<FakeFile>& files, const std::string& revision = "");

  // The next Resolve() fails with `error`.
  void FailResolve(Status error);
  // A Read() of `path` ("" = of any) fails with `error` after `after_bytes` of it were delivered.
  void FailRead(std::string path, Status error, uint64_t after_bytes = 0);
  // A Read() of `path` that covers byte `offset` delivers it with one bit flipped, and succeeds.
  void CorruptRead(std::string path, uint64_t offset);
  // The first Read() of `path` that goes past `offset` waits there until Continue() or stop.
  void HoldRead(std::string path, uint64_t offset = 0);
  void Continue();
  // From now on it takes no connection (Reach() says so at once), and each Resolve() waits until stop; or it takes them
  // and answers none. Speak() ends both.
  void FallSilent();
  void FallSlow();
  void Speak();
  // Waits until somebody has called Reach().
  void AwaitReached();
  // The bytes of one call of the sink; 64 KiB unless told.
  void SetChunkBytes(size_t bytes);

  int resolves() const;
  std::vector<ReadCall> reads() const;
  uint64_t bytes_delivered() const;
  // Waits until a Read() stands at a HoldRead().
  void AwaitHeld();

  Result<ResolvedModel> Resolve(const ModelRef& ref, const PathFilter& filter, std::stop_token stop) override;
  Result<std::string> FindCommit(const ModelRef& ref, std::stop_token stop) override;
  Status Read(const ResolvedModel& model, const RemoteFile& file, ByteRange range, const ByteSink& sink,
              std::stop_token stop) override;
  Status Reach(const ModelRef& ref, Duration patience, std::stop_token stop) override;

 private:
  struct Commit {
    std::vector<RemoteFile> listing;
    std::map<std::string, std::string> content;  // by path
  };
  struct Fault {
    enum class Kind { kFail, kCorrupt, kHold } kind;
    std::string path;
    uint64_t offset = 0;
    Status error;
  };

  // Takes the first fault of `kind` that fits a chunk [begin, end) of a Read of `path` that began at `read_begin`.
  bool TakeFault(Fault::Kind kind, const std::string& path, uint64_t read_begin, ByteRange chunk, Fault& taken)
      EXCLUDES(mutex_);
  Status WaitWhileHeld(const std::stop_token& stop) EXCLUDES(mutex_);
  void WaitWhileSilent(const std::stop_token& stop) EXCLUDES(mutex_);
  Status Deliver(const std::string& path, std::string_view content, ByteRange range, const ByteSink& sink,
                 const std::stop_token& stop) EXCLUDES(mutex_);
  Result<std::string> FindContent(const ResolvedModel& model, const RemoteFile& file) const EXCLUDES(mutex_);

  mutable Mutex mutex_;
  CondVar changed_;
  std::map<std::string, Commit> commits_ GUARDED_BY(mutex_);         // by uri + "@" + commit
  std::map<std::string, std::string> revisions_ GUARDED_BY(mutex_);  // uri + "@" + revision -> commit
  std::vector<Status> resolve_errors_ GUARDED_BY(mutex_);
  std::vector<Fault> faults_ GUARDED_BY(mutex_);
  std::vector<ReadCall> reads_ GUARDED_BY(mutex_);
  uint64_t bytes_delivered_ GUARDED_BY(mutex_) = 0;
  size_t chunk_bytes_ GUARDED_BY(mutex_) = 65536;
  bool silent_ GUARDED_BY(mutex_) = false;  // Resolve() waits
  bool reachable_ GUARDED_BY(mutex_) = true;
  int reached_ GUARDED_BY(mutex_) = 0;
  int resolves_ GUARDED_BY(mutex_) = 0;
  int held_ GUARDED_BY(mutex_) = 0;
  uint64_t continues_ GUARDED_BY(mutex_) = 0;
};

}  // namespace ballast
