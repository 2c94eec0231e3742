#include "store/journal_file.h"

#include <utility>

#include "base/failpoint.h"
#include "base/strings.h"

namespace ballast {
namespace {

constexpr uint64_t kMaxBytes = 256 << 20;

std::vector<std::byte> Encode(const JournalHeader& header, const std::vector<JournalRecord>& records) {
  std::vector<std::byte> bytes;
  const auto append = [&bytes](const auto& part) { bytes.insert(bytes.end(), part.begin(), part.end()); };
  append(EncodeHeader(header));
  for (const JournalRecord& record : records) append(EncodeRecord(header, record));
  return bytes;
}

}  // namespace

Result<JournalFile> JournalFile::Open(FileSystem& files, const std::string& path) {
  ASSIGN_OR_RETURN(auto file, files.Open(path, OpenMode::kOpenOrCreate));
  ASSIGN_OR_RETURN(const bool locked, file->TryLock());
  if (locked) return JournalFile(files, path, std::move(file));
  return Aborted(StrCat("another download of ", ParentPath(path), " is running; try again when it has ended"));
}

Result<Journal> JournalFile::Read(const ExpectedContent& expected) {
  ASSIGN_OR_RETURN(const std::string bytes, ReadSmallFile(*files_, path_, kMaxBytes));
  ASSIGN_OR_RETURN(Journal journal, DecodeJournal(std::as_bytes(std::span(bytes))));
  if (!journal.header.Describes(expected)) return InvalidArgument("the journal is of another content");
  return journal;
}

void JournalFile::Continue(const Journal& journal) {
  header_ = journal.header;
  end_ = JournalHeader::kSize + journal.records.size() * JournalRecord::kSize;
}

Status JournalFile::Rewrite(const JournalHeader& header, const std::vector<JournalRecord>& records) {
  const std::string fresh = path_ + ".new";
  Status written = WriteBeside(fresh, header, records);
  if (!written.ok()) (void)files_->Remove(fresh);  // a full disk keeps it as it is: the first error is the one to tell
  return written;
}

Status JournalFile::WriteBeside(const std::string& fresh, const JournalHeader& header,
                                const std::vector<JournalRecord>& records) {
  ASSIGN_OR_RETURN(auto file, CreateAnew(*files_, fresh));
  RETURN_IF_ERROR(file->TryLock().status());
  const std::vector<std::byte> bytes = Encode(header, records);
  RETURN_IF_ERROR(file->Write(0, bytes));
  if (!records.empty()) RETURN_IF_ERROR(file->Sync());
  Failpoint("journal.written_beside");
  RETURN_IF_ERROR(files_->Rename(fresh, path_));
  Failpoint("journal.replaced");
  file_ = std::move(file);
  header_ = header;
  end_ = bytes.size();
  return OkStatus();
}

Status JournalFile::Append(const JournalRecord& record) {
  RETURN_IF_ERROR(file_->Write(end_, EncodeRecord(header_, record)));
  end_ += JournalRecord::kSize;
  return OkStatus();
}

}  // namespace ballast
