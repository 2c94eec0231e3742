// Server and client together, over loopback.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <thread>

#include "swarm/testing/piece_fixture.h"

namespace ballast {
namespace {

using testing::HasSubstr;

class PieceTransferTest : public PieceFixture, public testing::WithParamInterface<bool> {
 protected:
  PieceTransferTest() : PieceFixture(GetParam()) {}
};

INSTANTIATE_TEST_SUITE_P(TlsAndPlaintext, PieceTransferTest, testing::Bool(),
                         [](const auto& info) { return info.param ? "Plaintext" : "Tls"; });

TEST_P(PieceTransferTest, ARangeArrivesAsItIs) {
  const std::string content = SomeBytes(3'000'000);
  const Digest digest = blobs_.Add(content);
  StartServer();
  for (const ByteRange range :
       {ByteRange{0, 1}, ByteRange{0, 3'000'000}, ByteRange{1'000'000, 2'345'678}, ByteRange{2'999'999, 3'000'000}}) {
    const auto got = Read(digest, range);
    ASSERT_TRUE(got.ok()) << got.status();
    EXPECT_EQ(*got, content.substr(range.begin, range.size()));
  }
  EXPECT_EQ(client_->idle_connections(), 1U);
  EXPECT_EQ(server_->Counters().connections, 1U);
}

TEST_P(PieceTransferTest, AFileArrivesAsItIs) {
  const std::string content = SomeBytes(5'000'000);
  TempFile file(content);
  blobs_.Add(Digest::Of(content), std::make_shared<FakeBlob>(content, content.size(), file.fd()));
  StartServer();
  const auto got = Read(Digest::Of(content), {123, 4'999'999});
  ASSERT_TRUE(got.ok()) << got.status();
  EXPECT_EQ(*got, content.substr(123, 4'999'999 - 123));
}

TEST_P(PieceTransferTest, WhatIsNotThereIsRefusedAndTheConnectionStays) {
  const Digest digest = blobs_.Add("hello");
  StartServer();
  const Status missing = Read(Digest::Of("other"), {0, 1}).status();
  EXPECT_EQ(missing.code(), StatusCode::kNotFound);
  EXPECT_THAT(missing.message(), HasSubstr("node server: it answers 404: \"it is not here\""));
  const Status beyond = Read(digest, {0, 6}).status();
  EXPECT_EQ(beyond.code(), StatusCode::kNotFound);
  EXPECT_THAT(beyond.message(), HasSubstr("416: \"the blob has 5 bytes\""));
  EXPECT_EQ(*Read(digest, {0, 5}), "hello");
  EXPECT_EQ(server_->Counters().connections, 1U);
}

TEST_P(PieceTransferTest, ABlobIsServedWhileItArrives) {
  const std::string content = SomeBytes(1'000'000);
  const auto blob = std::make_shared<FakeBlob>(content, 100'000);
  blobs_.Add(Digest::Of(content), blob);
  StartServer();
  std::jthread arriving([&] {
    for (const uint64_t here : {200'000, 700'001, 1'000'000}) {
      blob->AwaitWaiter();
      blob->Arrive(here);
    }
  });
  const auto got = Read(Digest::Of(content), {50'000, 1'000'000});
  ASSERT_TRUE(got.ok()) << got.status();
  EXPECT_EQ(*got, content.substr(50'000));
}

}  // namespace
}  // namespace ballast
