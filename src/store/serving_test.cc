// Blobs as peers read them, and downloads that take whole pieces.
#include <gmock/gmock.h>

#include <algorithm>
#include <future>
#include <numeric>
#include <random>
#include <thread>

#include "store/testing/store_test_fixture.h"

namespace ballast {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr uint64_t kPiece = 4096;

PieceBuffer PieceOf(std::string_view content, uint32_t piece) {
  return BufferOf(content.substr(piece * kPiece, kPiece));
}

std::string ReadAll(BlobReader& reader) {
  std::string bytes(reader.size(), '\0');
  EXPECT_EQ(reader.Read(0, std::as_writable_bytes(std::span(bytes))), OkStatus());
  return bytes;
}

class ServingTest : public StoreTest {
 protected:
  BlobStore& blobs() { return store_->blobs(); }
  std::unique_ptr<Ingest> MustOpen(const std::string& content) {
    auto ingest = blobs().OpenIngest(ExpectedOf(content));
    BALLAST_CHECK(ingest.ok()) << ingest.status();
    return std::move(*ingest);
  }
  std::shared_ptr<BlobReader> MustServe(const std::string& content) {
    auto reader = blobs().OpenForServing(Digest::Of(content));
    BALLAST_CHECK(reader.ok()) << reader.status();
    return std::move(*reader);
  }
};

TEST_F(ServingTest, WholePiecesInAnyOrderFromSeveralThreadsBecomeTheBlob) {
  for (uint32_t seed = 1; seed <= 20; ++seed) {
    const std::string content = RandomContent(60 * kPiece + 77 * seed, seed);
    auto ingest = MustOpen(content);
    if (seed % 2 == 0) ingest->ExpectReaders();
    std::vector<uint32_t> order(61);
    std::iota(order.begin(), order.end(), 0);
    std::shuffle(order.begin(), order.end(), std::minstd_rand(seed));
    std::atomic<size_t> next = 0;
    {
      std::vector<std::jthread> threads;
      for (int i = 0; i < 4; ++i) {
        threads.emplace_back([&] {
          for (size_t at = next++; at < order.size(); at = next++) {
            EXPECT_EQ(ingest->WritePiece(order[at], PieceOf(content, order[at])), OkStatus());
          }
        });
      }
    }
    EXPECT_TRUE(ingest->pieces().complete());
    ASSERT_EQ(blobs().Commit(std::move(ingest)).value(), Digest::Of(content));
    EXPECT_TRUE(ReadAll(*MustServe(content)) == content);
  }
}

TEST_F(ServingTest, WholePiecesAndRangesMixAndNoPieceHasTwoWriters) {
  const std::string content = RandomContent(8 * kPiece, 3);
  auto ingest = MustOpen(content);
  auto range = ingest->OpenRange({2 * kPiece, 4 * kPiece}).value();
  ASSERT_EQ(range->Append(std::as_bytes(std::span(content)).subspan(2 * kPiece, 100)), OkStatus());
  EXPECT_EQ(ingest->WritePiece(3, PieceOf(content, 3)).code(), StatusCode::kAlreadyExists);
  EXPECT_EQ(ingest->WritePiece(8, PieceOf(content, 7)).code(), StatusCode::kInvalidArgument);
  EXPECT_EQ(ingest->WritePiece(0, BufferOf(content.substr(0, 5))).code(), StatusCode::kInvalidArgument);
  for (const uint32_t piece : {7, 0, 1, 4, 6, 5}) {
    ASSERT_EQ(ingest->WritePiece(piece, PieceOf(content, piece)), OkStatus());
  }
  EXPECT_EQ(ingest->WritePiece(0, PieceOf(content, 0)).code(), StatusCode::kAlreadyExists);
  ASSERT_EQ(range->Append(std::as_bytes(std::span(content)).subspan(2 * kPiece + 100, 2 * kPiece - 100)), OkStatus());
  ASSERT_EQ(range->Flush(), OkStatus());
  range.reset();
  EXPECT_EQ(ingest->Prove().value(), Digest::Of(content));
}

TEST_F(ServingTest, WholePiecesSurviveTheEndOfADownload) {
  const std::string content = RandomContent(5 * kPiece, 4);
  auto ingest = MustOpen(content);
  ASSERT_EQ(ingest->WritePiece(3, PieceOf(content, 3)), OkStatus());
  ASSERT_EQ(ingest->WritePiece(1, PieceOf(content, 1)), OkStatus());
  ingest.reset();
  ingest = MustOpen(content);
  EXPECT_EQ(ingest->pieces().have_count(), 2U);
  ASSERT_EQ(Receive(*ingest, content), OkStatus());
  EXPECT_EQ(ingest->Prove().value(), Digest::Of(content));
}

TEST_F(ServingTest, DroppedPiecesComeAgainAndTheFileIsProvenThen) {
  const std::string content = RandomContent(6 * kPiece + 5, 5);
  std::string wrong = content;
  wrong[2 * kPiece] ^= 1;
  for (const bool late : {false, true}) {
    auto ingest = MustOpen(content);
    ingest->ExpectReaders();
    for (uint32_t piece = 0; piece < 7; ++piece) {
      if (!late && piece == 5) continue;  // dropped before the file is whole
      ASSERT_EQ(ingest->WritePiece(piece, PieceOf(wrong, piece)), OkStatus());
    }
    EXPECT_EQ(ingest->Prove().status().code(), late ? StatusCode::kDataLoss : StatusCode::kFailedPrecondition);
    const std::shared_ptr<BlobReader> reader = MustServe(content);
    const std::vector<uint32_t> dropped = {2, 3};
    ASSERT_EQ(ingest->Drop(dropped), OkStatus());
    EXPECT_FALSE(ingest->pieces().has(2));
    EXPECT_EQ(ingest->hash_frontier(), 0U);
    EXPECT_EQ(reader->AvailableFrom(2 * kPiece, {}, {}).status().code(), StatusCode::kDeadlineExceeded);
    ingest.reset();
    ingest = MustOpen(content);  // the journal has forgotten them, too
    EXPECT_EQ(ingest->pieces().have_count(), late ? 5U : 4U);
    ASSERT_EQ(Receive(*ingest, content), OkStatus());
    EXPECT_EQ(ingest->Prove().value(), Digest::Of(content));
    const std::vector<uint32_t> all = {0, 1, 2, 3, 4, 5, 6};
    ASSERT_EQ(ingest->Drop(all), OkStatus());
  }
}

TEST_F(ServingTest, ADownloadIsServedAsItsPiecesComeAndOverItsCommit) {
  const std::string content = RandomContent(4 * kPiece, 6);
  EXPECT_EQ(blobs().OpenForServing(Digest::Of(content)).status().code(), StatusCode::kNotFound);
  auto ingest = MustOpen(content);
  const std::shared_ptr<BlobReader> reader = MustServe(content);
  EXPECT_EQ(reader->size(), content.size());
  EXPECT_EQ(reader->AvailableFrom(0, milliseconds(1), {}).status().code(), StatusCode::kDeadlineExceeded);
  ASSERT_EQ(ingest->WritePiece(1, PieceOf(content, 1)), OkStatus());
  ASSERT_EQ(ingest->WritePiece(2, PieceOf(content, 2)), OkStatus());
  EXPECT_EQ(reader->AvailableFrom(kPiece + 7, {}, {}).value(), 3 * kPiece);
  auto waiting = std::async(std::launch::async, [&] { return reader->AvailableFrom(0, seconds(60), {}); });
  ASSERT_EQ(ingest->WritePiece(0, PieceOf(content, 0)), OkStatus());
  EXPECT_EQ(waiting.get().value(), 3 * kPiece);
  ASSERT_EQ(ingest->WritePiece(3, PieceOf(content, 3)), OkStatus());
  ASSERT_TRUE(blobs().Commit(std::move(ingest)).ok());
  EXPECT_EQ(reader->AvailableFrom(0, {}, {}).value(), content.size());
  EXPECT_TRUE(ReadAll(*reader) == content);
  EXPECT_EQ(reader->AvailableFrom(content.size(), {}, {}).status().code(), StatusCode::kOutOfRange);
  EXPECT_TRUE(ReadAll(*MustServe(content)) == content);
}

// What came last is in memory, what came before on the disk only: more comes than the memory holds.
TEST_F(ServingTest, ReadersGetTheSameFromMemoryAndFromTheDisk) {
  const auto memory = std::make_shared<PieceMemory>(8 * kPiece);
  for (uint32_t seed = 1; seed <= 20; ++seed) {
    const std::string content = RandomContent(40 * kPiece + 100 * seed, seed);
    IngestOptions options = SmallPieces();
    options.memory = memory;
    const auto ingest = OpenLocalIngest(files_, dir_.path() + "/ingest", ExpectedOf(content), options).value();
    ingest->ExpectReaders();
    std::mt19937 random(seed);
    std::vector<uint32_t> order(ingest->pieces().count());
    std::iota(order.begin(), order.end(), 0);
    std::shuffle(order.begin(), order.end(), random);
    for (const uint32_t piece : order) {
      if (random() % 2 == 0) {
        ASSERT_EQ(ingest->WritePiece(piece, PieceOf(content, piece)), OkStatus());
      } else {
        const ByteRange range = ingest->pieces().Range(piece);
        const auto writer = ingest->OpenRange(range).value();
        const auto bytes = std::as_bytes(std::span(content)).subspan(range.begin, range.size());
        ASSERT_EQ(writer->Append(bytes), OkStatus());
        ASSERT_EQ(writer->Flush(), OkStatus());
      }
      const uint32_t seen = order[random() % order.size()];
      if (!ingest->pieces().has(seen)) continue;
      std::string bytes(ingest->pieces().Range(seen).size(), '\0');
      ASSERT_EQ(ingest->reader()->Read(seen * kPiece, std::as_writable_bytes(std::span(bytes))), OkStatus());
      ASSERT_TRUE(bytes == content.substr(seen * kPiece, kPiece)) << "seed " << seed << ", piece " << seen;
      ASSERT_LE(memory->bytes(), (8 + 8 / 4) * kPiece);
    }
    EXPECT_EQ(ingest->Prove().value(), Digest::Of(content));
    ASSERT_EQ(ingest->Discard(), OkStatus());
  }
  memory->ReleaseIdle();
  EXPECT_EQ(memory->bytes(), 0U) << "nothing is left of ended downloads";
}

TEST_F(ServingTest, WhoWaitsForADownloadThatEndsIsToldSo) {
  const std::string content = RandomContent(4 * kPiece, 7);
  auto ingest = MustOpen(content);
  ASSERT_EQ(ingest->WritePiece(2, PieceOf(content, 2)), OkStatus());
  const std::shared_ptr<BlobReader> reader = MustServe(content);
  auto waiting = std::async(std::launch::async, [&] { return reader->AvailableFrom(0, seconds(60), {}).status(); });
  ingest.reset();
  EXPECT_EQ(waiting.get().code(), StatusCode::kNotFound);
  EXPECT_EQ(reader->AvailableFrom(2 * kPiece, {}, {}).value(), 3 * kPiece);
  EXPECT_EQ(blobs().OpenForServing(Digest::Of(content)).status().code(), StatusCode::kNotFound);
}

TEST_F(ServingTest, AWaitEndsWithItsStop) {
  const std::string content = RandomContent(4 * kPiece, 8);
  const auto ingest = MustOpen(content);
  const std::shared_ptr<BlobReader> reader = MustServe(content);
  std::stop_source stop;
  auto waiting =
      std::async(std::launch::async, [&] { return reader->AvailableFrom(0, seconds(60), stop.get_token()).status(); });
  stop.request_stop();
  EXPECT_EQ(waiting.get().code(), StatusCode::kCancelled);
}

TEST_F(ServingTest, SmallBlobsAreServedFromMemoryUntilTheyAreCommitted) {
  const std::string content = RandomContent(500, 9);
  auto ingest = MustOpen(content);
  auto other = MustOpen(content);  // for another model
  const std::shared_ptr<BlobReader> reader = MustServe(content);
  EXPECT_EQ(reader->AvailableFrom(0, {}, {}).status().code(), StatusCode::kDeadlineExceeded);
  ingest.reset();
  ASSERT_EQ(other->WritePiece(0, PieceOf(content, 0)), OkStatus());
  EXPECT_TRUE(ReadAll(*MustServe(content)) == content);
  EXPECT_TRUE(ReadAll(*reader) == content);
  other.reset();
  EXPECT_EQ(blobs().OpenForServing(Digest::Of(content)).status().code(), StatusCode::kNotFound);
  EXPECT_TRUE(ReadAll(*reader) == content) << "who holds it reads it";
}

TEST_F(ServingTest, SmallBlobsStayReadableOverTheirCommit) {
  const std::string content = RandomContent(500, 11);
  auto ingest = MustOpen(content);
  const std::shared_ptr<BlobReader> reader = MustServe(content);
  auto waiting = std::async(std::launch::async, [&] { return reader->AvailableFrom(0, seconds(60), {}); });
  ASSERT_EQ(ingest->WritePiece(0, PieceOf(content, 0)), OkStatus());
  EXPECT_EQ(waiting.get().value(), 500U);
  ASSERT_TRUE(blobs().Commit(std::move(ingest)).ok());
  EXPECT_TRUE(ReadAll(*reader) == content);
  const std::shared_ptr<BlobReader> pending = MustServe(content);
  EXPECT_TRUE(ReadAll(*pending) == content);
  ASSERT_TRUE(AddModel(*store_, {{"file", content}}).ok());  // which makes it durable
  EXPECT_TRUE(ReadAll(*pending) == content);
  EXPECT_TRUE(ReadAll(*MustServe(content)) == content);
}

TEST_F(ServingTest, WhatIsHeldStaysReadableWhenItsModelIsRemoved) {
  const ModelFiles files = {{"file", RandomContent(3 * kPiece, 10)}};
  const Digest model = AddModel(*store_, files).value();
  const std::shared_ptr<BlobReader> reader = MustServe(files.at("file"));
  ASSERT_TRUE(store_->models().Remove(model).ok());
  EXPECT_TRUE(ReadAll(*reader) == files.at("file"));
  EXPECT_EQ(blobs().OpenForServing(Digest::Of(files.at("file"))).status().code(), StatusCode::kNotFound);
}

}  // namespace
}  // namespace ballast
