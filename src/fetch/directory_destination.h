// A plain directory as destination: `ballast pull --to DIR`.
//
//   DIR/<path>                the files, each in place only once it is proven
//   DIR/.ballast/files.json   directory_index.h
//   DIR/.ballast/ready        exists when all is there
//   DIR/.ballast/ingest/      downloads in progress; gone when all is there
//
// Files of the directory that the model doesn't name are left alone. No symbolic link is followed below DIR.
#pragma once

#include <map>
#include <memory>
#include <set>
#include <string>

#include "base/clock.h"
#include "base/mutex.h"
#include "fetch/destination.h"
#include "fetch/directory_index.h"
#include "store/file_system.h"
#include "store/local_ingest.h"

namespace ballast {

struct DirectoryOptions {
  std::string dir;  // absolute, without symbolic links; its parent exists
  std::string
      prefix;  // below dir, where the model's files go ("models--org--name/snapshots/<commit>"); "" = dir itself
  std::string boot_id;  // "": that of the running kernel
};

// Thread-safe.
class DirectoryDestination final : public Destination {
 public:
  // Makes the directory where needed and takes its lock. Aborted: another ballast works on it. ResourceExhausted
  // "needs 28.6 GiB, 12 GiB are free in DIR": counting what is there already. `files` and `clock` outlive it.
  static Result<std::unique_ptr<DirectoryDestination>> Open(DirectoryOptions options, const ResolvedModel& model,
                                                            FileSystem& files, const Clock& clock);

  Result<std::optional<Digest>> Find(const RemoteFile& file) override;
  Result<std::unique_ptr<Ingest>> Open(const RemoteFile& file) override;
  // In place when it returns, durable after Complete().
  Result<Digest> Commit(const RemoteFile& file, std::unique_ptr<Ingest> ingest) override;

  // A generated file (a layout's refs, trees); relative to dir, not to the prefix.
  Status Put(const SafePath& path, std::string_view content);
  Status MakeDirectory(const SafePath& path);
  // All files are there: makes them durable, says so in files.json and .ballast/ready, removes the ingests.
  Status Complete();

 private:
  DirectoryDestination(DirectoryOptions options, const ResolvedModel& model, FileSystem& files, const Clock& clock);

  Status Prepare();
  Status LoadIndex();
  Status CheckRoom();
  uint64_t BytesToCome();
  SafePath Local(const SafePath& path) const;
  std::string FullPath(const SafePath& local) const { return options_.dir + "/" + local.str(); }
  Status EnsureParent(const SafePath& local);
  std::optional<Digest> Recorded(const SafePath& local, const FileInfo& info, const ExpectedContent& expected);
  Result<std::optional<Digest>> HashInPlace(const std::string& path, const ExpectedContent& expected);
  Result<std::unique_ptr<StagedIngest>> OpenIngest(const ExpectedContent& expected);
  Result<std::optional<Digest>> CopyOfAnother(const SafePath& local, const ExpectedContent& expected);
  Status Record(const SafePath& local, const ExpectedContent& expected, const Digest& digest);
  Status WriteIndexNowAndThen();
  Status WriteIndex(const DirectoryIndex& index);

  const DirectoryOptions options_;
  const ResolvedModel& model_;
  FileSystem& files_;
  const Clock& clock_;
  std::unique_ptr<File> lock_;

  Mutex copying_;  // taken before mutex_
  Mutex mutex_;
  DirectoryIndex index_ GUARDED_BY(mutex_);
  std::map<SafePath, IndexedFile> before_ GUARDED_BY(mutex_);    // proven by an earlier pull
  std::map<std::string, SafePath> contents_ GUARDED_BY(mutex_);  // ExpectedContent::Name() -> where it is, proven
  std::set<std::string> directories_ GUARDED_BY(mutex_);         // that exist
  SteadyTime written_at_ GUARDED_BY(mutex_){};
  bool writing_ GUARDED_BY(mutex_) = false;
};

}  // namespace ballast
