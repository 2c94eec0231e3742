#include "fetch/store_blob_provider.h"

#include <gtest/gtest.h>

#include "base/testing/temp_dir.h"
#include "store/posix_file_system.h"
#include "store/testing/store_fixture.h"

namespace ballast {
namespace {

std::string ReadAll(ServedBlob& blob) {
  std::string bytes(blob.size(), '\0');
  EXPECT_EQ(blob.AvailableFrom(0, {}, {}).value(), blob.size());
  EXPECT_EQ(blob.Read(0, std::as_writable_bytes(std::span(bytes))), OkStatus());
  return bytes;
}

TEST(StoreBlobProviderTest, ServesBlobsDownloadsAndManifestsByTheirDigest) {
  const TempDir dir;
  PosixFileSystem files;
  const FakeClock clock;
  const auto store = Store::Open({.root = dir.path() + "/store", .ingest = SmallPieces()}, files, clock).value();
  StoreBlobProvider provider(*store);
  const ModelFiles model = {{"weights", RandomContent(9000, 1)}, {"config.json", RandomContent(10, 2)}};
  const Digest id = AddModel(*store, model).value();
  for (const auto& [path, content] : model) EXPECT_EQ(ReadAll(**provider.Open(Digest::Of(content))), content);
  EXPECT_EQ(ReadAll(**provider.Open(id)), ManifestOf(model).Canonical());
  EXPECT_EQ((*provider.Open(id))->fd(), -1);
  EXPECT_EQ((*provider.Open(id))->AvailableFrom(1 << 20, {}, {}).status().code(), StatusCode::kOutOfRange);
  EXPECT_EQ(provider.Open(Digest::Of("nothing")).status().code(), StatusCode::kNotFound);

  const std::string coming = RandomContent(9000, 3);
  const auto ingest = store->blobs().OpenIngest(ExpectedOf(coming)).value();
  const auto served = provider.Open(Digest::Of(coming)).value();
  ASSERT_EQ(ingest->WritePiece(0, BufferOf(coming.substr(0, 4096))), OkStatus());
  EXPECT_EQ(served->AvailableFrom(0, {}, {}).value(), 4096U);
  EXPECT_GE(served->fd(), 0);
  ingest->ExpectReaders();
  EXPECT_EQ(served->fd(), -1) << "its bytes stay in memory";
}

}  // namespace
}  // namespace ballast
