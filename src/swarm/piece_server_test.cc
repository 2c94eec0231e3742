// The server against clients that are none of ours, without TLS, so that they can say what they like.
#include "swarm/piece_server.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <thread>

#include "base/file_limit.h"
#include "base/strings.h"
#include "swarm/http_head.h"
#include "swarm/piece_answer.h"
#include "swarm/piece_request.h"
#include "swarm/testing/piece_fixture.h"
#include "swarm/testing/raw_socket.h"

namespace ballast {
namespace {

using std::chrono::seconds;
using testing::AllOf;
using testing::EndsWith;
using testing::HasSubstr;
using testing::StartsWith;

class PieceServerTest : public PieceFixture {
 protected:
  PieceServerTest() : PieceFixture(/*plaintext=*/true) {}

  std::string Ask(const Digest& digest, ByteRange range, bool close = false) const {
    return Format({digest, range, close}, "server");
  }
  RawSocket Connect() const { return RawSocket::To(server_->port()); }

  // Lets time pass until the socket has something to read.
  void PassTimeUntilInput(const RawSocket& socket) {
    while (!socket.HasInput()) clock_.Advance(seconds(1));
  }
  // Lets time pass until `done()`, which looks at the server.
  template <typename Done>
  void PassTimeUntil(Done done) {
    for (const RawSocket quiet = Connect(); !done();) {
      static_cast<void>(quiet.HasInput());  // a moment
      clock_.Advance(seconds(1));
    }
  }
};

// Reads one answer of the given body; "" where the connection ended.
std::string ReadOne(const RawSocket& socket) {
  std::string text;
  for (;;) {
    const auto answer = ReadPieceAnswer(text);
    BALLAST_CHECK(answer.ok()) << answer.status();
    if (answer->has_value()) return text + socket.Receive((*answer)->length);
    const std::string byte = socket.Receive(1);
    if (byte.empty()) return "";
    text += byte;
  }
}

TEST_F(PieceServerTest, AnAnswerSaysWhatItIs) {
  const Digest digest = blobs_.Add("0123456789");
  StartServer();
  const RawSocket socket = Connect();
  socket.Send(Ask(digest, {2, 5}));
  EXPECT_THAT(ReadOne(socket),
              AllOf(StartsWith("HTTP/1.1 206 Partial Content\r\n"), HasSubstr("\r\nContent-Length: 3\r\n"),
                    HasSubstr("\r\nContent-Range: bytes 2-4/10\r\n"), HasSubstr("\r\nBallast-Uploads: 1\r\n"),
                    EndsWith("\r\n\r\n234")));
}

TEST_F(PieceServerTest, RequestsMayComeBeforeTheAnswersEnd) {
  const std::string content = SomeBytes(1'000'000);
  const Digest digest = blobs_.Add(content);
  StartServer();
  const RawSocket socket = Connect();
  std::string asked;
  for (int i = 0; i < 50; ++i) asked += Ask(i % 2 == 0 ? digest : Digest::Of("absent"), {0, 500'000});
  socket.Send(asked);
  for (int i = 0; i < 50; ++i) {
    const std::string answer = ReadOne(socket);
    if (i % 2 == 0) {
      EXPECT_TRUE(answer.ends_with(content.substr(0, 500'000))) << i;
    } else {
      EXPECT_THAT(answer, StartsWith("HTTP/1.1 404")) << i;
    }
  }
  Await([&] { return server_->Counters().refused[404] == 25; });
}

TEST_F(PieceServerTest, ARequestMayComeByteByByte) {
  const Digest digest = blobs_.Add("0123456789");
  StartServer();
  const RawSocket socket = Connect();
  for (const char byte : Ask(digest, {0, 10}) + Ask(digest, {1, 2})) socket.Send({&byte, 1});
  EXPECT_THAT(ReadOne(socket), EndsWith("0123456789"));
  EXPECT_THAT(ReadOne(socket), EndsWith("\r\n1"));
}

TEST_F(PieceServerTest, WhatIsNoneOfOursIsAnsweredOnceAndTheConnectionEnds) {
  StartServer();
  const std::pair<std::string, std::string> cases[] = {
      {"GET /etc/passwd HTTP/1.1\r\nHost: a\r\n\r\n", "HTTP/1.1 404 Not Found"},
      {"GET / HTTP/1.1\r\n\r\nGET / HTTP/1.1\r\n\r\n", "HTTP/1.1 404 Not Found"},
      {"DELETE /v1/blobs/x HTTP/1.1\r\n\r\n", "HTTP/1.1 405 Method Not Allowed"},
      {"GET /v1/blobs/sha256:../../etc HTTP/1.1\r\nHost: a\r\n\r\n", "HTTP/1.1 400 Bad Request"},
      {std::string("\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", 11), "HTTP/1.1 400 Bad Request"},
      {std::string(100'000, 'a'), "HTTP/1.1 431 Request Header Fields Too Large"},
  };
  for (const auto& [text, line] : cases) {
    const RawSocket socket = Connect();
    socket.Send(text);
    const std::string answer = socket.ReceiveAll();
    EXPECT_THAT(answer, StartsWith(line + "\r\n"));
    EXPECT_THAT(answer, HasSubstr("\r\nConnection: close\r\n"));
    EXPECT_EQ(answer.find("HTTP/1.1 4", 1), std::string::npos) << "one answer";
    EXPECT_EQ(answer.find('\n', answer.find("\r\n\r\n") + 4), answer.size() - 1) << "one line";
  }
}

TEST_F(PieceServerTest, WhoAsksForTheEndGetsItAfterTheAnswer) {
  const Digest digest = blobs_.Add("0123456789");
  StartServer();
  const RawSocket socket = Connect();
  socket.Send(Ask(digest, {0, 10}, /*close=*/true) + Ask(digest, {0, 10}));
  EXPECT_THAT(socket.ReceiveAll(), AllOf(HasSubstr("Connection: close"), EndsWith("\r\n\r\n0123456789")));
}

TEST_F(PieceServerTest, BytesThatDoNotComeAreRefusedBeforeTheFirst) {
  const auto blob = std::make_shared<FakeBlob>("0123456789", 5);
  blobs_.Add(Digest::Of("a"), blob);
  StartServer();
  blob->GiveUp(NotFound("the download ended"));
  EXPECT_EQ(Read(Digest::Of("a"), {5, 6}).status().code(), StatusCode::kNotFound);
  blob->GiveUp(DeadlineExceeded("not yet"));
  const Status later = Read(Digest::Of("a"), {5, 6}).status();
  EXPECT_EQ(later.code(), StatusCode::kResourceExhausted);
  EXPECT_THAT(later.message(), HasSubstr("503: \"these bytes are not here yet\""));
  EXPECT_EQ(server_->Counters().refused, (std::map<int, uint64_t>{{404, 1}, {503, 1}}));
  EXPECT_EQ(server_->Counters().cut, 0U);
}

TEST_F(PieceServerTest, BytesThatDoNotComeAfterTheFirstCutTheConnection) {
  const auto blob = std::make_shared<FakeBlob>("0123456789", 5);
  blobs_.Add(Digest::Of("a"), blob);
  StartServer();
  blob->GiveUp(NotFound("the download ended"));
  const RawSocket socket = Connect();
  socket.Send(Ask(Digest::Of("a"), {0, 10}));
  EXPECT_THAT(socket.ReceiveAll(), EndsWith("\r\n\r\n01234"));
  PassTimeUntil([&] { return server_->Counters().cut == 1; });
}

TEST_F(PieceServerTest, ABlobThatCannotBeReadIsNeverServedAsZeros) {
  const auto blob = std::make_shared<FakeBlob>("0123456789", 10);
  blobs_.Add(Digest::Of("a"), blob);
  StartServer();
  blob->FailReads(DataLoss("input/output error"));
  EXPECT_EQ(Read(Digest::Of("a"), {0, 10}).status().code(), StatusCode::kUnavailable);
  EXPECT_EQ(server_->Counters().sent_bytes.size(), 0U);
}

TEST_F(PieceServerTest, AFileThatIsShorterThanItsBlobIsCut) {
  const TempFile file("01234");
  blobs_.Add(Digest::Of("a"), std::make_shared<FakeBlob>("0123456789", 10, file.fd()));
  StartServer();
  const RawSocket socket = Connect();
  socket.Send(Ask(Digest::Of("a"), {0, 10}));
  EXPECT_THAT(socket.ReceiveAll(), EndsWith("\r\n\r\n01234"));
}

TEST_F(PieceServerTest, SilentAndSlowClientsAreCutOff) {
  StartServer();
  const RawSocket silent = Connect();
  PassTimeUntilInput(silent);
  EXPECT_EQ(silent.ReceiveAll(), "");
  const RawSocket slow = Connect();
  while (!slow.HasInput()) {
    slow.Send("a");
    clock_.Advance(seconds(1));
  }
  EXPECT_EQ(slow.ReceiveAll(), "");
  Await([&] { return server_->Counters().dropped == 2; });
}

TEST_F(PieceServerTest, AHeadThatBeginsMustEnd) {
  const Digest digest = blobs_.Add("0123456789");
  server_options_.idle = seconds(1'000'000);
  StartServer();
  const RawSocket socket = Connect();
  socket.Send(Ask(digest, {0, 10}) + "GET /v1");
  ReadOne(socket);
  PassTimeUntilInput(socket);
  EXPECT_EQ(socket.ReceiveAll(), "");
  Await([&] { return server_->Counters().dropped == 1; });
}

TEST_F(PieceServerTest, AnIdleConnectionEndsAfterAWhile) {
  const Digest digest = blobs_.Add("0123456789");
  StartServer();
  const RawSocket socket = Connect();
  socket.Send(Ask(digest, {0, 10}));
  ReadOne(socket);
  PassTimeUntilInput(socket);
  EXPECT_EQ(socket.ReceiveAll(), "");
  EXPECT_EQ(server_->Counters().dropped, 0U);
}

TEST_F(PieceServerTest, AReceiverThatTakesNothingIsCut) {
  const Digest digest = blobs_.Add(SomeBytes(8 << 20));
  StartServer();
  const RawSocket socket = RawSocket::NarrowTo(server_->port());
  socket.Send(Ask(digest, {0, 8 << 20}));
  PassTimeUntil([&] { return server_->Counters().cut == 1; });
  Await([&] { return server_->uploads() == 0; });
}

TEST_F(PieceServerTest, AReceiverOfAByteASecondIsCut) {
  const Digest digest = blobs_.Add(SomeBytes(8 << 20));
  server_options_.receiver.silence = seconds(1'000'000);
  StartServer();
  const RawSocket socket = RawSocket::NarrowTo(server_->port());
  socket.Send(Ask(digest, {0, 8 << 20}));
  PassTimeUntil([&] {
    socket.Receive(1);
    return server_->Counters().cut == 1;
  });
}

TEST_F(PieceServerTest, WhoLeavesInMidAnswerFreesItsPlace) {
  const Digest digest = blobs_.Add(SomeBytes(8 << 20));
  StartServer();
  for (int i = 0; i < 20; ++i) {
    RawSocket socket = RawSocket::NarrowTo(server_->port());
    socket.Send(Ask(digest, {0, 8 << 20}));
    socket.Receive(100);
    socket.Abort();
  }
  Await([&] { return server_->uploads() == 0; });
  EXPECT_TRUE(Read(digest, {0, 10}).ok());
}

TEST_F(PieceServerTest, TooManyRequestsAreTurnedAwayAndTheConnectionStays) {
  const auto blob = std::make_shared<FakeBlob>("0123456789", 5);
  blobs_.Add(Digest::Of("a"), blob);
  server_options_.threads = 1;
  server_options_.uploads = {.waiting = 1, .active_per_node = 1};
  StartServer();
  const RawSocket first = Connect();
  first.Send(Ask(Digest::Of("a"), {5, 6}));
  blob->AwaitWaiter();
  const RawSocket second = Connect();
  second.Send(Ask(Digest::Of("a"), {0, 1}));
  Await([&] { return server_->Counters().waiting == 1; });
  EXPECT_EQ(server_->uploads(), 2U);
  const Status third = Read(Digest::Of("a"), {1, 2}).status();
  EXPECT_EQ(third.code(), StatusCode::kResourceExhausted);
  EXPECT_THAT(third.message(), HasSubstr("too many requests wait"));
  blob->Arrive(10);
  EXPECT_THAT(ReadOne(first), EndsWith("\r\n\r\n5"));
  EXPECT_THAT(ReadOne(second), EndsWith("\r\n\r\n0"));
  EXPECT_EQ(*Read(Digest::Of("a"), {1, 2}), "1");
}

TEST_F(PieceServerTest, EveryChunkPassesTheGate) {
  const std::string content = SomeBytes(3'000'000);
  const Digest digest = blobs_.Add(content);
  std::atomic<uint64_t> passed = 0;
  parts_.gate = [&](uint64_t bytes, const std::stop_token&) {
    passed += bytes;
    return passed > 2'900'000 ? Unavailable("closed") : OkStatus();
  };
  StartServer();
  EXPECT_TRUE(Read(digest, {0, 1'000'000}).ok());
  EXPECT_EQ(passed, 1'000'000U);
  Await([&] { return server_->Counters().sent_bytes[""] == 1'000'000; });
  EXPECT_EQ(Read(digest, {0, 3'000'000}).status().code(), StatusCode::kUnavailable);
  EXPECT_LE(server_->Counters().sent_bytes.at(""), 2'900'000U);
}

TEST_F(PieceServerTest, AStopCutsWhatIsUnderWayAndThePortIsFreeAtOnce) {
  const Digest digest = blobs_.Add(SomeBytes(8 << 20));
  const auto endless = std::make_shared<FakeBlob>("0123456789", 5);
  blobs_.Add(Digest::Of("a"), endless);
  StartServer();
  const uint16_t port = server_->port();
  const RawSocket reading = RawSocket::NarrowTo(port);
  reading.Send(Ask(digest, {0, 8 << 20}));
  reading.Receive(10);
  const RawSocket waiting = Connect();
  waiting.Send(Ask(Digest::Of("a"), {0, 10}));
  endless->AwaitWaiter();
  const RawSocket idle = Connect();
  server_.reset();
  reading.ReceiveAll();
  EXPECT_EQ(idle.ReceiveAll(), "");
  StartServer(port);
  EXPECT_TRUE(Read(digest, {0, 100}).ok());
}

TEST_F(PieceServerTest, APortThatIsTakenIsNamed) {
  StartServer();
  server_options_.port = server_->port();
  const Status status = PieceServer::Start(server_options_, parts_).status();
  EXPECT_EQ(status.code(), StatusCode::kUnavailable);
  EXPECT_THAT(status.message(), HasSubstr(StrCat("listen on 127.0.0.1 port ", server_->port())));
  server_options_.host = "nonsense";
  EXPECT_EQ(PieceServer::Start(server_options_, parts_).status().code(), StatusCode::kInvalidArgument);
}

}  // namespace
}  // namespace ballast
