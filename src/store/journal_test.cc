#include "store/journal.h"

#include <gmock/gmock.h>

#include "base/strings.h"

namespace ballast {
namespace {

JournalHeader SomeHeader() {
  return {10'000'000, 1 << 20, Digest::Of("x"), std::nullopt, "0f5a1f5e-7c1c-4b3f-9b60-9d9f6cb0e1aa"};
}

std::vector<std::byte> Encode(const JournalHeader& header, const std::vector<JournalRecord>& records) {
  std::vector<std::byte> bytes;
  const auto append = [&bytes](const auto& part) { bytes.insert(bytes.end(), part.begin(), part.end()); };
  append(EncodeHeader(header));
  for (const JournalRecord& record : records) append(EncodeRecord(header, record));
  return bytes;
}

TEST(JournalTest, ReadsWhatItWrote) {
  const std::vector<JournalRecord> records = {{0, 17}, {9, UINT64_MAX}, {3, 0}};
  const auto journal = DecodeJournal(Encode(SomeHeader(), records));
  ASSERT_TRUE(journal.ok()) << journal.status();
  EXPECT_EQ(journal->header, SomeHeader());
  EXPECT_EQ(journal->records, records);
  EXPECT_FALSE(journal->torn);
}

TEST(JournalTest, KeepsAllContentFields) {
  for (const bool sha : {false, true}) {
    for (const bool git : {false, true}) {
      JournalHeader header = SomeHeader();
      if (!sha) header.sha256.reset();
      if (git) header.git_oid = GitOid::OfBlob("x");
      EXPECT_EQ(DecodeJournal(EncodeHeader(header))->header, header);
    }
  }
}

TEST(JournalTest, CutAnywhereKeepsTheRecordsBefore) {
  const auto bytes = Encode(SomeHeader(), {{0, 1}, {1, 2}, {2, 3}});
  for (size_t size = 0; size < bytes.size(); ++size) {
    const auto journal = DecodeJournal(std::span(bytes).first(size));
    ASSERT_EQ(journal.ok(), size >= JournalHeader::kSize) << size;
    if (!journal.ok()) continue;
    EXPECT_EQ(journal->records.size(), (size - JournalHeader::kSize) / JournalRecord::kSize);
    EXPECT_EQ(journal->torn, (size - JournalHeader::kSize) % JournalRecord::kSize != 0);
  }
}

TEST(JournalTest, EveryFlippedBitIsFound) {
  const auto good = Encode(SomeHeader(), {{0, 1}, {1, 2}});
  for (size_t bit = 0; bit < good.size() * 8; ++bit) {
    auto bytes = good;
    bytes[bit / 8] ^= static_cast<std::byte>(1 << (bit % 8));
    const auto journal = DecodeJournal(bytes);
    if (bit / 8 < JournalHeader::kSize) {
      EXPECT_FALSE(journal.ok()) << bit;
    } else {
      EXPECT_EQ(journal->records.size(), (bit / 8 - JournalHeader::kSize) / JournalRecord::kSize) << bit;
    }
  }
}

TEST(JournalTest, RecordOfAnotherHeaderIsNone) {
  JournalHeader other = SomeHeader();
  other.boot_id = "another";
  auto bytes = Encode(SomeHeader(), {});
  const auto record = EncodeRecord(other, {0, 1});
  bytes.insert(bytes.end(), record.begin(), record.end());
  EXPECT_TRUE(DecodeJournal(bytes)->records.empty());
}

TEST(JournalTest, RecordBehindTheEndOfTheFileIsNone) {
  EXPECT_TRUE(DecodeJournal(Encode(SomeHeader(), {{10, 1}}))->records.empty());
  EXPECT_EQ(DecodeJournal(Encode(SomeHeader(), {{9, 1}}))->records.size(), 1);
}

}  // namespace
}  // namespace ballast
