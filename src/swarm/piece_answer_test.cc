#include "swarm/piece_answer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/strings.h"
#include "swarm/http_head.h"

namespace ballast {
namespace {

using testing::HasSubstr;

TEST(PieceAnswerTest, AHeadThatIsWrittenIsReadAgain) {
  const ContentRange content{{10, 30}, 100};
  const std::string text = FormatPieceHead(content, 7, true);
  const auto answer = ReadPieceAnswer(text + "body");
  ASSERT_TRUE(answer.ok()) << answer.status();
  ASSERT_TRUE(answer->has_value());
  EXPECT_EQ((*answer)->code, 206);
  EXPECT_EQ((*answer)->length, 20U);
  EXPECT_EQ((*answer)->range, content);
  EXPECT_EQ((*answer)->uploads, 7U);
  EXPECT_TRUE((*answer)->close);
  EXPECT_EQ((*answer)->head_bytes, text.size());
  EXPECT_EQ(CheckBody(**answer, {10, 30}), OkStatus());
}

TEST(PieceAnswerTest, EveryBeginningOfAGoodOneWantsMore) {
  const std::string text = FormatPieceHead({{10, 30}, 100}, 7, false);
  for (size_t size = 0; size < text.size(); ++size) {
    const auto answer = ReadPieceAnswer(std::string_view(text).substr(0, size));
    ASSERT_TRUE(answer.ok()) << answer.status();
    EXPECT_FALSE(answer->has_value()) << size;
  }
}

TEST(PieceAnswerTest, ARefusalIsReadWithItsText) {
  const std::string text = FormatRefusal(404, "it is not here", 3, false);
  const auto answer = ReadPieceAnswer(text);
  ASSERT_TRUE(answer.ok() && answer->has_value());
  EXPECT_EQ((*answer)->code, 404);
  EXPECT_FALSE((*answer)->close);
  EXPECT_EQ(text.substr((*answer)->head_bytes), "it is not here\n");
  EXPECT_EQ((*answer)->length, 15U);
}

TEST(PieceAnswerTest, NoRefusalIsLongerThanItMayBe) {
  const auto answer = ReadPieceAnswer(FormatRefusal(400, std::string(9999, 'a'), 0, true));
  ASSERT_TRUE(answer.ok() && answer->has_value());
  EXPECT_EQ((*answer)->length, kMaxRefusalBytes);
}

TEST(PieceAnswerTest, OtherServersAnswersAreReadToo) {
  const auto answer =
      ReadPieceAnswer("HTTP/1.1 206\r\nServer: x\r\ncontent-length: 2\r\nX-New:\r\ncontent-range:bytes 0-1/2\r\n\r\n");
  ASSERT_TRUE(answer.ok()) << answer.status();
  EXPECT_EQ(CheckBody(**answer, {0, 2}), OkStatus());
  EXPECT_FALSE((*answer)->uploads.has_value());
}

TEST(PieceAnswerTest, WhatIsNoAnswerIsRefused) {
  const std::string line = "HTTP/1.1 206 Partial Content\r\n";
  const std::string length = "Content-Length: 2\r\n";
  const auto ranged = [&](const std::string& range) { return line + length + "Content-Range: " + range + "\r\n\r\n"; };
  const std::string wrong[] = {
      "SSH-2.0-OpenSSH_9.2\r\n\r\n",
      std::string("\x15\x03\x03\x00\x02\x02\x46", 7),
      "HTTP/1.0 206 Partial Content\r\n" + length + "\r\n",
      "HTTP/1.1 100 Continue\r\n" + length + "\r\n",
      "HTTP/1.1 99 x\r\n" + length + "\r\n",
      "HTTP/1.1 2066 x\r\n" + length + "\r\n",
      "HTTP/1.1 abc x\r\n" + length + "\r\n",
      "HTTP/1.1 20\r\n" + length + "\r\n",
      line + "\r\n",
      line + length + length + "\r\n",
      line + "Content-Length: -1\r\n\r\n",
      line + "Content-Length: 2, 2\r\n\r\n",
      line + "Content-Length: 18446744073709551616\r\n\r\n",
      line + length + "Transfer-Encoding: chunked\r\n\r\n",
      line + length + " folded\r\n\r\n",
      ranged("bytes 0-1/*"),
      ranged("bytes */2"),
      ranged("bytes 1-0/2"),
      ranged("bytes 0-2/2"),
      ranged("bytes 0-1"),
      ranged("bytes 0/2-1"),
      ranged("items 0-1/2"),
      ranged("bytes 0-1/18446744073709551615"),
      line + "X: " + std::string(kMaxHeadBytes, 'a'),
  };
  for (const std::string& text : wrong) EXPECT_FALSE(ReadPieceAnswer(text).ok()) << Quoted(text);
}

TEST(PieceAnswerTest, OnlyWhatWasAskedForWillDo) {
  const ByteRange wanted{10, 30};
  const ContentRange content{wanted, 100};
  const PieceAnswer good{.code = 206, .length = 20, .range = content};
  EXPECT_EQ(CheckBody(good, wanted), OkStatus());
  PieceAnswer wrong = good;
  wrong.code = 200;
  EXPECT_THAT(CheckBody(wrong, wanted).message(), HasSubstr("200, not 206"));
  wrong = good;
  wrong.range.reset();
  EXPECT_THAT(CheckBody(wrong, wanted).message(), HasSubstr("no Content-Range"));
  wrong = good;
  wrong.length = 21;
  EXPECT_THAT(CheckBody(wrong, wanted).message(), HasSubstr("it has 21 bytes, asked for were 20"));
  wrong = good;
  wrong.range->range = {11, 31};
  EXPECT_THAT(CheckBody(wrong, wanted).message(), HasSubstr("bytes 11-30, asked for were 10-29"));
}

TEST(PieceAnswerTest, ARefusalSaysWhatItMeans) {
  EXPECT_EQ(RefusalStatus(404, "a").code(), StatusCode::kNotFound);
  EXPECT_EQ(RefusalStatus(416, "a").code(), StatusCode::kNotFound);
  EXPECT_EQ(RefusalStatus(403, "a").code(), StatusCode::kPermissionDenied);
  EXPECT_EQ(RefusalStatus(503, "a").code(), StatusCode::kResourceExhausted);
  for (const int code : {200, 301, 400, 401, 405, 431, 500})
    EXPECT_EQ(RefusalStatus(code, "a").code(), StatusCode::kUnavailable);
  EXPECT_THAT(RefusalStatus(404, "\x1b[2J").message(), HasSubstr("404: \"\\x1b[2J\""));
}

}  // namespace
}  // namespace ballast
