// The client against servers that are none of ours, and against time.
#include "swarm/piece_client.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <thread>

#include "base/strings.h"
#include "swarm/http_head.h"
#include "swarm/piece_answer.h"
#include "swarm/testing/piece_fixture.h"
#include "swarm/testing/raw_socket.h"

namespace ballast {
namespace {

using std::chrono::seconds;
using testing::AllOf;
using testing::HasSubstr;
using testing::StartsWith;

const Digest kDigest = Digest::Of("x");

class PieceClientTest : public testing::Test {
 protected:
  Member Peer() const {
    return {.name = "peer", .zone = "", .host = "127.0.0.1", .control_port = 1, .data_port = listener_.port()};
  }
  Result<std::string> Read(ByteRange range = {0, 10}, std::stop_token stop = {}) {
    std::string bytes(range.size(), '\0');
    RETURN_IF_ERROR(client_.Read(Peer(), kDigest, range, std::as_writable_bytes(std::span(bytes)), std::move(stop)));
    return bytes;
  }
  // What Read() gives while `peer` runs beside it.
  template <typename Script>
  Result<std::string> ReadFrom(Script peer, std::stop_token stop = {}) {
    std::jthread running([&] { peer(); });
    auto result = Read({0, 10}, std::move(stop));
    done_ = true;
    return result;
  }
  // A peer that takes one connection, waits for a request and answers with `text`.
  Result<std::string> ReadAnswer(const std::string& text) {
    return ReadFrom([&] {
      const RawSocket socket = listener_.Accept();
      ReceiveRequest(socket);
      socket.Send(text);
    });
  }
  static bool ReceiveRequest(const RawSocket& socket) {
    std::string head;
    while (!head.ends_with("\r\n\r\n")) {
      const std::string byte = socket.Receive(1);
      if (byte.empty()) return false;
      head += byte;
    }
    return true;
  }

  FakeClock clock_;
  const RawListener listener_;
  PieceClientOptions options_{.plaintext = true};
  PieceClient client_{options_, clock_, nullptr};
  std::atomic<bool> done_ = false;
};

const std::string kHead = FormatPieceHead({{0, 10}, 100}, 0, false);

TEST_F(PieceClientTest, AGoodAnswerIsTaken) {
  const auto read = ReadAnswer(kHead + "0123456789");
  ASSERT_TRUE(read.ok()) << read.status();
  EXPECT_EQ(*read, "0123456789");
}

TEST_F(PieceClientTest, AWrongAnswerIsAnErrorThatNamesThePeer) {
  const std::pair<std::string, std::string> cases[] = {
      {"SSH-2.0-OpenSSH\r\n\r\n", "this is no answer: the status line is \"SSH-2.0-OpenSSH\""},
      {std::string("\x15\x03\x03\x00\x02", 5), "speaks TLS"},
      {std::string(10'000, 'a'), "this is no answer"},
      {"", "the connection ended"},
      {"HTTP/1.1 206 P", "the connection ended"},
      {kHead, "the connection ended"},
      {kHead + "012345678", "the connection ended"},
      {FormatPieceHead({{0, 11}, 100}, 0, false) + "0123456789a", "it is bytes 0-10, asked for were 0-9"},
      {FormatPieceHead({{1, 11}, 100}, 0, false) + "0123456789", "it is bytes 1-10, asked for were 0-9"},
      {"HTTP/1.1 206 x\r\nContent-Length: 9\r\nContent-Range: bytes 0-9/10\r\n\r\n012345678", "it has 9 bytes"},
      {"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n0123456789", "it answers 200"},
      {"HTTP/1.1 302 Found\r\nLocation: http://other/\r\nContent-Length: 0\r\n\r\n", "it answers 302"},
      {"HTTP/1.1 500 x\r\nContent-Length: 18446744073709551615\r\n\r\n", "it answers 500"},
      {"HTTP/1.1 206 x\r\nTransfer-Encoding: chunked\r\n\r\n", "it has a Transfer-Encoding"},
  };
  for (const auto& [text, says] : cases) {
    SCOPED_TRACE(Quoted(text, 40));
    const Status status = ReadAnswer(text).status();
    EXPECT_EQ(status.code(), StatusCode::kUnavailable) << status;
    EXPECT_THAT(status.message(), AllOf(StartsWith("node peer: "), HasSubstr(says)));
    EXPECT_EQ(client_.idle_connections(), 0U);
  }
}

TEST_F(PieceClientTest, ForeignBytesInARefusalAreQuoted) {
  const Status status = ReadAnswer(FormatRefusal(503, "busy\x1b[2J\nmore", 0, true)).status();
  EXPECT_EQ(status, ResourceExhausted("node peer: it answers 503: \"busy\\x1b[2J\""));
}

TEST_F(PieceClientTest, WhatComesBehindAnAnswerSpoilsTheConnection) {
  EXPECT_EQ(*ReadAnswer(kHead + "0123456789surplus"), "0123456789");
  EXPECT_EQ(*ReadAnswer(kHead + "abcdefghij"), "abcdefghij") << "on a fresh connection";
}

TEST_F(PieceClientTest, AConnectionThatWasClosedMeanwhileIsReplacedOnce) {
  const auto read = ReadFrom([&] {
    const RawSocket socket = listener_.Accept();
    ReceiveRequest(socket);
    socket.Send(kHead + "0123456789");
  });
  EXPECT_EQ(*read, "0123456789");
  // It closes only after the next request was sent: the client can't see it before.
  std::jthread peer([&] {
    RawSocket first = listener_.Accept();
    ReceiveRequest(first);
    first.Send(kHead + "0123456789");
    ReceiveRequest(first);
    first.Close();
    RawSocket second = listener_.Accept();
    ReceiveRequest(second);
    second.Send(kHead + "abcdefghij");
    second.Receive(1);
  });
  EXPECT_EQ(*Read(), "0123456789");
  EXPECT_EQ(*Read(), "abcdefghij");
  EXPECT_EQ(client_.idle_connections(), 1U);
  while (client_.idle_connections() > 0) clock_.Advance(seconds(1));  // lets the peer go
}

TEST_F(PieceClientTest, APeerThatIsKilledInMidAnswerIsNamed) {
  const Status status = ReadFrom([&] {
                          RawSocket socket = listener_.Accept();
                          ReceiveRequest(socket);
                          socket.Send(kHead + "0123");
                          socket.Abort();
                        }).status();
  EXPECT_EQ(status.code(), StatusCode::kUnavailable);
  EXPECT_THAT(status.message(), StartsWith("node peer: receive: "));
}

TEST_F(PieceClientTest, AFreshConnectionThatClosesIsNotTriedAgain) {
  EXPECT_EQ(ReadFrom([&] { listener_.Accept(); }).status().code(), StatusCode::kUnavailable);
}

TEST_F(PieceClientTest, NobodyListening) {
  Member nobody = Peer();
  {
    const RawListener gone;
    nobody.data_port = gone.port();
  }
  char byte = 0;
  const Status status = client_.Read(nobody, kDigest, {0, 1}, std::as_writable_bytes(std::span(&byte, 1)), {});
  EXPECT_EQ(status.code(), StatusCode::kUnavailable);
  EXPECT_THAT(status.message(), HasSubstr("node peer: connect: Connection refused"));
}

TEST_F(PieceClientTest, APeerThatNeverAnswersIsLeft) {
  const Status status = ReadFrom([&] {
                          const RawSocket socket = listener_.Accept();
                          while (!done_) clock_.Advance(seconds(1)), static_cast<void>(socket.HasInput());
                        }).status();
  EXPECT_EQ(status.code(), StatusCode::kDeadlineExceeded);
  EXPECT_THAT(status.message(), HasSubstr("node peer: no answer: nothing came through for 10 s"));
}

TEST_F(PieceClientTest, APeerWhoseHeadComesByteByByteIsLeft) {
  const Status status = ReadFrom([&] {
                          const RawSocket socket = listener_.Accept();
                          ReceiveRequest(socket);
                          socket.Send("HTTP/1.1 206 Partial Content\r\nX:");
                          while (!done_) {
                            socket.Send("a");
                            clock_.Advance(seconds(1));
                            static_cast<void>(socket.HasInput());
                          }
                        }).status();
  EXPECT_EQ(status.code(), StatusCode::kDeadlineExceeded) << status;
}

TEST_F(PieceClientTest, APeerThatStopsInMidAnswerIsLeft) {
  const Status status = ReadFrom([&] {
                          const RawSocket socket = listener_.Accept();
                          ReceiveRequest(socket);
                          socket.Send(kHead + "0123");
                          while (!done_) clock_.Advance(seconds(1)), static_cast<void>(socket.HasInput());
                        }).status();
  EXPECT_EQ(status.code(), StatusCode::kDeadlineExceeded) << status;
  EXPECT_THAT(status.message(), StartsWith("node peer: "));
}

TEST_F(PieceClientTest, APeerOfAByteASecondIsLeft) {
  std::jthread peer([&] {
    const RawSocket socket = listener_.Accept();
    ReceiveRequest(socket);
    socket.Send(FormatPieceHead({{0, 1000}, 1000}, 0, false));
    while (!done_) {
      socket.Send("a");
      clock_.Advance(seconds(1));
      static_cast<void>(socket.HasInput());
    }
  });
  const Status status = Read({0, 1000}).status();
  done_ = true;
  EXPECT_EQ(status, DeadlineExceeded("node peer: slower than 16.0 KiB/s for 10 s"));
}

TEST_F(PieceClientTest, ATlsPeerThatNeverAnswersIsNoConnection) {
  const TestCluster cluster(clock_.Now());
  PieceClient client({}, clock_, cluster.ProviderOf("client"));
  std::jthread peer([&] {
    const RawSocket socket = listener_.Accept();
    while (!done_) clock_.Advance(seconds(1)), static_cast<void>(socket.HasInput());
  });
  char byte = 0;
  const Status status = client.Read(Peer(), kDigest, {0, 1}, std::as_writable_bytes(std::span(&byte, 1)), {});
  done_ = true;
  EXPECT_EQ(status.code(), StatusCode::kUnavailable) << status;
}

TEST_F(PieceClientTest, AStopIsHeardAtOnceWhereverItIs) {
  const std::string before[] = {"", "HTTP/1.1 206 ", kHead, kHead + "0123"};
  for (const std::string& text : before) {
    std::stop_source source;
    const Status status = ReadFrom(
                              [&] {
                                const RawSocket socket = listener_.Accept();
                                ReceiveRequest(socket);
                                socket.Send(text);
                                source.request_stop();
                                EXPECT_EQ(socket.ReceiveAll(), "") << "the connection ends";
                              },
                              source.get_token())
                              .status();
    EXPECT_EQ(status, Cancelled("node peer: no longer wanted"));
    EXPECT_EQ(client_.idle_connections(), 0U);
  }
  std::stop_source stopped;
  stopped.request_stop();
  EXPECT_EQ(Read({0, 10}, stopped.get_token()).status().code(), StatusCode::kCancelled);
}

TEST_F(PieceClientTest, RangesThatAreNoneAreRefusedHere) {
  char bytes[2];
  const auto into = std::as_writable_bytes(std::span(bytes));
  EXPECT_EQ(client_.Read(Peer(), kDigest, {0, 3}, into, {}).code(), StatusCode::kInvalidArgument);
  EXPECT_EQ(client_.Read(Peer(), kDigest, {3, 3}, into.first(0), {}).code(), StatusCode::kInvalidArgument);
  EXPECT_EQ(client_.Read(Peer(), kDigest, {5, 3}, into, {}).code(), StatusCode::kInvalidArgument);
}

class ManyReadersTest : public PieceFixture {
 protected:
  ManyReadersTest() : PieceFixture(/*plaintext=*/false) {}
};

TEST_F(ManyReadersTest, EachHasAConnectionOfItsOwnAndFewAreKept) {
  const std::string content = SomeBytes(2'000'000);
  const Digest digest = blobs_.Add(content);
  client_options_.idle_per_node = 3;
  StartServer();
  {
    std::vector<std::jthread> readers;
    readers.reserve(8);
    for (int i = 0; i < 8; ++i) {
      readers.emplace_back([&, i] {
        for (uint64_t at = static_cast<uint64_t>(i); at < content.size(); at += 400'000) {
          const ByteRange range{at, std::min<uint64_t>(at + 300'000, content.size())};
          const auto got = Read(digest, range);
          ASSERT_TRUE(got.ok()) << got.status();
          ASSERT_EQ(*got, content.substr(range.begin, range.size()));
        }
      });
    }
  }
  EXPECT_LE(client_->idle_connections(), 3U);
  while (client_->idle_connections() > 0) clock_.Advance(seconds(1));
}

TEST_F(ManyReadersTest, AServerThatIsStartedAgainIsFoundAgain) {
  const Digest digest = blobs_.Add("0123456789");
  StartServer();
  const uint16_t port = server_->port();
  for (int i = 0; i < 5; ++i) {
    EXPECT_EQ(*Read(digest, {0, 10}), "0123456789");
    server_.reset();
    StartServer(port);
  }
}

}  // namespace
}  // namespace ballast
