// The journal of an ingest: which pieces are here, and the hash by which a piece is recognized after a power loss.
// Pure: bytes to values and back. The layout is in FORMAT.md.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/status.h"
#include "store/ingest.h"

namespace ballast {

struct JournalHeader {
  static constexpr size_t kSize = 128;

  uint64_t size = 0;
  uint32_t piece_size = 0;
  std::optional<Digest> sha256;
  std::optional<GitOid> git_oid;
  std::string boot_id;  // at most 36 bytes; pieces journalled under another boot are read again before they count

  bool Describes(const ExpectedContent& expected) const;
  friend bool operator==(const JournalHeader&, const JournalHeader&) = default;
};

struct JournalRecord {
  static constexpr size_t kSize = 24;

  uint32_t piece = 0;
  uint64_t xxh3 = 0;  // XXH3-64 of the piece's bytes

  friend bool operator==(const JournalRecord&, const JournalRecord&) = default;
};

struct Journal {
  JournalHeader header;
  std::vector<JournalRecord> records;
  bool torn = false;  // bytes follow that are no record: a crash in mid-write
};

std::array<std::byte, JournalHeader::kSize> EncodeHeader(const JournalHeader& header);
// A record is bound to its header: under another header it does not decode.
std::array<std::byte, JournalRecord::kSize> EncodeRecord(const JournalHeader& header, const JournalRecord& record);

// InvalidArgument: no header of ours. Records up to the first that is torn, damaged or names no piece.
Result<Journal> DecodeJournal(std::span<const std::byte> bytes);

}  // namespace ballast
