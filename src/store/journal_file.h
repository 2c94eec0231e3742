// An ingest's journal on the disk. Whoever holds it open works on the ingest: the file is locked.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "store/file_system.h"
#include "store/journal.h"

namespace ballast {

// Not thread-safe. `files` outlives it.
class JournalFile {
 public:
  // Aborted: another download holds it, here or in another process.
  static Result<JournalFile> Open(FileSystem& files, const std::string& path);

  // InvalidArgument: nothing of ours, or not of `expected`.
  Result<Journal> Read(const ExpectedContent& expected);
  // Records follow those of `journal`, which Read() gave.
  void Continue(const Journal& journal);
  // A new file takes the journal's place at once, so that no old record is ever read behind a new one.
  Status Rewrite(const JournalHeader& header, const std::vector<JournalRecord>& records);
  Status Append(const JournalRecord& record);

 private:
  Status WriteBeside(const std::string& fresh, const JournalHeader& header, const std::vector<JournalRecord>& records);

  JournalFile(FileSystem& files, std::string path, std::unique_ptr<File> file)
      : files_(&files), path_(std::move(path)), file_(std::move(file)) {}

  FileSystem* files_;
  std::string path_;
  std::unique_ptr<File> file_;  // holds the lock
  JournalHeader header_;
  uint64_t end_ = 0;
};

}  // namespace ballast
