#include "store/journal.h"

// Any bytes: an error, or records that name pieces of the file and that encode to the same bytes again.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {  // NOLINT(readability-identifier-naming)
  const auto bytes = std::as_bytes(std::span(data, size));
  const auto journal = ballast::DecodeJournal(bytes);
  if (!journal.ok()) return 0;
  size_t at = ballast::JournalHeader::kSize;
  for (const ballast::JournalRecord& record : journal->records) {
    const auto again = ballast::EncodeRecord(journal->header, record);
    BALLAST_CHECK(uint64_t{record.piece} * journal->header.piece_size < journal->header.size);
    BALLAST_CHECK(std::equal(again.begin(), again.end(), bytes.begin() + static_cast<ptrdiff_t>(at)));
    at += again.size();
  }
  return 0;
}
