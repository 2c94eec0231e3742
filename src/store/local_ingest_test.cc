#include "store/local_ingest.h"

#include <gmock/gmock.h>

#include <algorithm>
#include <atomic>
#include <random>
#include <thread>

#include "base/testing/temp_dir.h"
#include "store/posix_file_system.h"
#include "store/testing/crash_file_system.h"
#include "store/testing/store_fixture.h"

namespace ballast {
namespace {

using ::testing::HasSubstr;

constexpr uint64_t kPiece = 4096;

Status Write(Ingest& ingest, std::string_view content, ByteRange range, size_t chunk = 1000) {
  auto writer = ingest.OpenRange(range);
  if (!writer.ok()) return writer.status();
  auto bytes = std::as_bytes(std::span(content)).subspan(range.begin, range.size());
  while (!bytes.empty()) {
    const auto part = bytes.first(std::min(chunk, bytes.size()));
    RETURN_IF_ERROR((*writer)->Append(part));
    bytes = bytes.subspan(part.size());
  }
  return (*writer)->Flush();
}

class LocalIngestTest : public ::testing::Test {
 protected:
  IngestOptions Options() const { return {kPiece, 100, "boot-1", true}; }

  Result<std::unique_ptr<StagedIngest>> Open(const ExpectedContent& expected, const IngestOptions& options) {
    return OpenLocalIngest(files_, dir_.path() + "/ingest", expected, options);
  }
  std::unique_ptr<StagedIngest> MustOpen(const std::string& content) { return MustOpen(content, Options()); }
  std::unique_ptr<StagedIngest> MustOpen(const std::string& content, const IngestOptions& options) {
    auto ingest = Open({content.size(), Digest::Of(content), {}, ""}, options);
    BALLAST_CHECK(ingest.ok()) << ingest.status();
    return std::move(*ingest);
  }
  std::string ContentOf(const std::string& path) { return ReadSmallFile(files_, path, 1 << 30).value(); }
  std::vector<std::string> Left() {
    std::vector<std::string> names;
    const auto entries = files_.List(dir_.path() + "/ingest").value();
    names.reserve(entries.size());
    for (const DirEntry& entry : entries) names.push_back(entry.name);
    return names;
  }

  TempDir dir_;
  PosixFileSystem files_;
};

TEST_F(LocalIngestTest, BecomesAFileAndLeavesNothing) {
  for (const size_t size : {0, 1, 100, 101, 4096, 4097, 40'000}) {
    const std::string content = RandomContent(size, 1);
    auto ingest = MustOpen(content);
    if (size > 0) {
      ASSERT_EQ(Write(*ingest, content, {0, size}), OkStatus());
    }
    ASSERT_EQ(ingest->Prove().value(), Digest::Of(content));
    const std::string path = dir_.path() + "/file";
    ASSERT_EQ(ingest->MoveTo(path, 0444, Durability::kNow), OkStatus());
    EXPECT_EQ(ContentOf(path), content);
    EXPECT_EQ(files_.Stat(path)->mode, 0444);
    EXPECT_THAT(Left(), ::testing::IsEmpty());
  }
}

TEST_F(LocalIngestTest, WrongBytesAreNamed) {
  for (const size_t size : {50, 5000}) {
    std::string content = RandomContent(size, 2);
    auto ingest = MustOpen(content);
    content[7] ^= 1;
    ASSERT_EQ(Write(*ingest, content, {0, size}), OkStatus());
    const Status proof = ingest->Prove().status();
    EXPECT_EQ(proof.code(), StatusCode::kDataLoss);
    EXPECT_THAT(proof.message(), HasSubstr("got " + Digest::Of(content).ToString()));
  }
}

TEST_F(LocalIngestTest, ChecksTheGitObjectId) {
  const std::string content = RandomContent(9000, 3);
  for (const bool right : {true, false}) {
    const GitOid oid = GitOid::OfBlob(right ? content : "other");
    auto ingest = Open({content.size(), {}, oid, ""}, Options()).value();
    ASSERT_EQ(Write(*ingest, content, {0, content.size()}), OkStatus());
    EXPECT_EQ(ingest->Prove().ok(), right);
  }
}

TEST_F(LocalIngestTest, ResumesJournalledPiecesAfterAKill) {
  const std::string content = RandomContent(10 * kPiece + 5, 4);
  {
    auto ingest = MustOpen(content);
    ASSERT_EQ(Write(*ingest, content, {0, 3 * kPiece}), OkStatus());
    ASSERT_EQ(Write(*ingest, content, {6 * kPiece, 7 * kPiece}), OkStatus());
    auto writer = ingest->OpenRange({3 * kPiece, 4 * kPiece}).value();
    ASSERT_EQ(writer->Append(std::as_bytes(std::span(content)).first(kPiece - 1)), OkStatus());
  }
  auto ingest = MustOpen(content);
  EXPECT_EQ(ingest->pieces().have_count(), 4);
  EXPECT_FALSE(ingest->pieces().has(3));
  EXPECT_GE(ingest->hash_frontier(), 3);
  ASSERT_EQ(Write(*ingest, content, {3 * kPiece, 6 * kPiece}), OkStatus());
  ASSERT_EQ(Write(*ingest, content, {7 * kPiece, content.size()}), OkStatus());
  EXPECT_EQ(ingest->Prove().value(), Digest::Of(content));
}

TEST_F(LocalIngestTest, AfterARebootOnlyIntactPiecesCount) {
  const std::string content = RandomContent(4 * kPiece, 5);
  { ASSERT_EQ(Write(*MustOpen(content), content, {0, 4 * kPiece}), OkStatus()); }
  const std::string data = dir_.path() + "/ingest/sha256-" + Digest::Of(content).Hex() + "/data";
  ASSERT_EQ(files_.Open(data, OpenMode::kReadWrite).value()->Write(kPiece + 9, std::as_bytes(std::span("lost", 4))),
            OkStatus());
  IngestOptions options = Options();
  options.boot_id = "boot-2";
  {
    auto ingest = MustOpen(content, options);
    EXPECT_EQ(ingest->pieces().have_count(), 3);
    EXPECT_FALSE(ingest->pieces().has(1));
  }
  auto ingest = MustOpen(content, options);  // the rewritten journal says the same
  EXPECT_EQ(ingest->pieces().have_count(), 3);
  ASSERT_EQ(Write(*ingest, content, {kPiece, 2 * kPiece}), OkStatus());
  EXPECT_EQ(ingest->Prove().value(), Digest::Of(content));
}

TEST_F(LocalIngestTest, BytesThatCameTwiceDifferentlyAreProvenAsTheyAreOnDisk) {
  const uint32_t piece = 4 << 20;
  const std::string content = RandomContent(piece + 1, 6);
  std::string other = content;
  other[10] ^= 1;
  IngestOptions options = Options();
  options.piece_size = piece;
  for (const bool wrong_first : {true, false}) {
    auto ingest = MustOpen(content, options);
    const std::string& first = wrong_first ? other : content;
    const std::string& second = wrong_first ? content : other;
    {
      auto cut = ingest->OpenRange({0, piece}).value();
      ASSERT_EQ(cut->Append(std::as_bytes(std::span(first)).first(piece - 1)), OkStatus());
    }
    ASSERT_EQ(Write(*ingest, second, {0, content.size()}, 70'000), OkStatus());
    EXPECT_EQ(ingest->Prove().ok(), wrong_first);
    ASSERT_EQ(ingest->Discard(), OkStatus());
  }
}

TEST_F(LocalIngestTest, OneIngestHasOneOwner) {
  const std::string content = RandomContent(5000, 7);
  auto ingest = MustOpen(content);
  EXPECT_EQ(Open(ingest->expected(), Options()).status().code(), StatusCode::kAborted);
  ingest.reset();
  EXPECT_TRUE(Open({content.size(), Digest::Of(content), {}, ""}, Options()).ok());
}

TEST_F(LocalIngestTest, RefusesRangesThatAreNotItsOwn) {
  const std::string content = RandomContent(3 * kPiece + 1, 8);
  auto ingest = MustOpen(content);
  ASSERT_EQ(Write(*ingest, content, {kPiece, 2 * kPiece}), OkStatus());
  const auto code = [&](ByteRange range) { return ingest->OpenRange(range).status().code(); };
  EXPECT_EQ(code({0, 1}), StatusCode::kInvalidArgument);
  EXPECT_EQ(code({1, kPiece}), StatusCode::kInvalidArgument);
  EXPECT_EQ(code({0, 5 * kPiece}), StatusCode::kInvalidArgument);
  EXPECT_EQ(code({0, 0}), StatusCode::kInvalidArgument);
  EXPECT_EQ(code({0, 2 * kPiece}), StatusCode::kAlreadyExists);
  auto writer = ingest->OpenRange({2 * kPiece, content.size()}).value();
  EXPECT_EQ(code({3 * kPiece, content.size()}), StatusCode::kAlreadyExists);
  EXPECT_EQ(writer->Append(std::as_bytes(std::span(content))).code(), StatusCode::kOutOfRange);
}

TEST_F(LocalIngestTest, IncompleteFileHasNoProof) {
  const std::string content = RandomContent(3 * kPiece, 9);
  auto ingest = MustOpen(content);
  ASSERT_EQ(Write(*ingest, content, {0, 2 * kPiece}), OkStatus());
  EXPECT_EQ(ingest->Prove().status().code(), StatusCode::kFailedPrecondition);
}

TEST_F(LocalIngestTest, MoreThanTheDiskHasIsRefusedWithNumbers) {
  const auto ingest = Open({uint64_t{1} << 44, Digest::Of("x"), {}, ""}, {});
  EXPECT_EQ(ingest.status().code(), StatusCode::kResourceExhausted);
  EXPECT_THAT(ingest.status().message(), HasSubstr("needs 16.0 TiB"));
  EXPECT_THAT(Left(), ::testing::IsEmpty());
}

// Random orders of pieces from several threads, some of them offered twice, in one file each.
void ReceiveInAnyOrder(FileSystem& files, const std::string& dir, uint32_t orders) {
  const std::string content = RandomContent(16 * kPiece + 77, 10);
  for (uint32_t seed = 0; seed < orders; ++seed) {
    auto ingest = OpenLocalIngest(files, dir, ExpectedOf(content), SmallPieces()).value();
    std::mt19937 random(seed);
    std::vector<uint32_t> order;
    for (uint32_t piece = 0; piece < ingest->pieces().count(); ++piece) order.push_back(piece);
    for (int i = 0; i < 4; ++i) order.push_back(random() % 17);
    std::shuffle(order.begin(), order.end(), random);
    std::atomic<size_t> next = 0;
    std::atomic<int> failures = 0;
    {
      std::vector<std::jthread> threads;
      threads.reserve(3);
      for (int i = 0; i < 3; ++i) {
        threads.emplace_back([&] {
          for (size_t at = next++; at < order.size(); at = next++) {
            const Status written = Write(*ingest, content, ingest->pieces().Range(order[at]), 1500);
            if (!written.ok() && written.code() != StatusCode::kAlreadyExists) ++failures;
          }
        });
      }
    }
    ASSERT_EQ(failures, 0);
    const auto proof = ingest->Prove();
    ASSERT_TRUE(proof.ok()) << "seed " << seed << ": " << proof.status();
    ASSERT_EQ(*proof, Digest::Of(content));
    ASSERT_EQ(ingest->Discard(), OkStatus());
  }
}

TEST(LocalIngestOrderTest, AnyOrderOfPiecesFromSeveralThreadsIsProven) {
  CrashFileSystem files;
  ReceiveInAnyOrder(files, "/ingest", 1000);
}

TEST_F(LocalIngestTest, AnyOrderOfPiecesIsProvenOnARealDisk) { ReceiveInAnyOrder(files_, dir_.path() + "/ingest", 20); }

}  // namespace
}  // namespace ballast
