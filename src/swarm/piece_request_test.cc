#include "swarm/piece_request.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/strings.h"
#include "swarm/http_head.h"

namespace ballast {
namespace {

using testing::HasSubstr;

const Digest kDigest = Digest::Of("x");
const std::string kTarget = "/v1/blobs/" + kDigest.ToString();

std::string Request(const std::string& fields) { return "GET " + kTarget + " HTTP/1.1\r\n" + fields + "\r\n"; }
std::string Ranged(const std::string& range) { return Request("Host: a\r\nRange: " + range + "\r\n"); }

TEST(PieceRequestTest, WhatIsWrittenIsReadAgain) {
  for (const PieceRequest& request : {PieceRequest{kDigest, {0, 1}, false}, PieceRequest{kDigest, {7, 1 << 24}, true},
                                      PieceRequest{kDigest, {kMaxFileSize - 1, kMaxFileSize}, false}}) {
    for (const std::string host : {"node-1.example", "10.0.0.1", "fd00::1"}) {
      const std::string text = Format(request, host);
      const auto read = ReadPieceRequest(text + "GET ");
      ASSERT_TRUE(read.has_value());
      EXPECT_EQ(read->bytes, text.size());
      ASSERT_TRUE(std::holds_alternative<PieceRequest>(read->what)) << std::get<RefusedRequest>(read->what).text;
      EXPECT_EQ(std::get<PieceRequest>(read->what), request);
    }
  }
}

TEST(PieceRequestTest, EveryBeginningOfAGoodOneWantsMore) {
  const std::string text = Format({kDigest, {0, 10}, true}, "a");
  for (size_t size = 0; size < text.size(); ++size)
    EXPECT_FALSE(ReadPieceRequest(std::string_view(text).substr(0, size)).has_value()) << size;
}

TEST(PieceRequestTest, FieldsThatAreNotKnownArePassedOver) {
  const auto read = ReadPieceRequest(
      Request("hOST:a\r\nX-New: \xc3\xa4 b\r\nX-Empty:\r\nRANGE: \t bytes=1-2 \r\nConnection: keep-alive, Close\r\n"));
  ASSERT_TRUE(read.has_value());
  EXPECT_EQ(std::get<PieceRequest>(read->what), (PieceRequest{kDigest, {1, 3}, true}));
}

struct Wrong {
  std::string name;
  std::string text;
  int code;
  std::string says;
};

std::vector<Wrong> WrongRequests() {
  const std::string good = "Host: a\r\nRange: bytes=0-1\r\n";
  const auto with_line = [&good](const std::string& line) { return line + "\r\n" + good + "\r\n"; };
  const std::string hex = kDigest.Hex();
  return {
      {"no digest", with_line("GET /v1/blobs/ HTTP/1.1"), 400, ""},
      {"other path", with_line("GET /etc/passwd HTTP/1.1"), 404, "/v1/blobs/"},
      {"root", with_line("GET / HTTP/1.1"), 404, ""},
      {"a path behind it", with_line("GET " + kTarget + "/../x HTTP/1.1"), 400, "64 lower-case hex digits"},
      {"a query", with_line("GET " + kTarget + "?a=b HTTP/1.1"), 400, "64 lower-case hex digits"},
      {"escaped", with_line("GET /v1/blobs/sha256%3A" + hex + " HTTP/1.1"), 400, ""},
      {"upper case", with_line("GET /v1/blobs/sha256:" + std::string(64, 'A') + " HTTP/1.1"), 400, ""},
      {"short digest", with_line("GET /v1/blobs/sha256:" + hex.substr(1) + " HTTP/1.1"), 400, ""},
      {"other algorithm", with_line("GET /v1/blobs/sha512:" + hex + " HTTP/1.1"), 400, ""},
      {"absolute form", with_line("GET http://a" + kTarget + " HTTP/1.1"), 404, ""},
      {"asterisk", with_line("OPTIONS * HTTP/1.1"), 405, "only GET"},
      {"POST", with_line("POST " + kTarget + " HTTP/1.1"), 405, ""},
      {"HEAD", with_line("HEAD " + kTarget + " HTTP/1.1"), 405, ""},
      {"CONNECT", with_line("CONNECT a:80 HTTP/1.1"), 405, ""},
      {"lower case method", with_line("get " + kTarget + " HTTP/1.1"), 405, ""},
      {"HTTP/1.0", with_line("GET " + kTarget + " HTTP/1.0"), 400, "version"},
      {"HTTP/2", with_line("GET " + kTarget + " HTTP/2"), 400, "version"},
      {"HTTP/2 preface", "PRI * HTTP/2.0\r\n\r\n", 400, ""},
      {"no version", with_line("GET " + kTarget), 400, "request line"},
      {"two blanks", with_line("GET  " + kTarget + " HTTP/1.1"), 400, "request line"},
      {"empty line first", "\r\n" + Ranged("bytes=0-1"), 400, ""},
      {"no host", Request("Range: bytes=0-1\r\n"), 400, "Host"},
      {"two hosts", Request("Host: b\r\n" + good), 400, "more than one host"},
      {"no range", Request("Host: a\r\n"), 400, "one range"},
      {"two range fields", Request("Range: bytes=0-1\r\n" + good), 400, "more than one range"},
      {"two ranges", Ranged("bytes=0-1,3-4"), 400, "one range"},
      {"open range", Ranged("bytes=5-"), 400, "one range"},
      {"suffix range", Ranged("bytes=-5"), 400, "one range"},
      {"backwards", Ranged("bytes=5-4"), 400, "one range"},
      {"other unit", Ranged("pieces=0-1"), 400, "one range"},
      {"signed", Ranged("bytes=+0-1"), 400, "one range"},
      {"blank inside", Ranged("bytes= 0-1"), 400, "one range"},
      {"overflow", Ranged("bytes=0-18446744073709551616"), 400, "one range"},
      {"the largest number", Ranged("bytes=0-18446744073709551615"), 400, "one range"},
      {"beyond any file", Ranged(StrCat("bytes=0-", kMaxFileSize)), 400, "one range"},
      {"too much at once", Ranged(StrCat("bytes=0-", kMaxRequestBytes)), 416, "at most"},
      {"a body", Request(good + "Content-Length: 3\r\n") + "abc", 400, "no body"},
      {"no body, but said", Request(good + "Content-Length: 0\r\n"), 400, "no body"},
      {"chunked", Request(good + "Transfer-Encoding: chunked\r\n"), 400, "no body"},
      {"folded line", Request(good + "X: a\r\n b\r\n"), 400, "no header field"},
      {"blank before colon", Request(good + "X : a\r\n"), 400, "no header field"},
      {"no colon", Request(good + "X\r\n"), 400, "no header field"},
      {"no name", Request(good + ": a\r\n"), 400, "no header field"},
      {"bare LF", "GET " + kTarget + " HTTP/1.1\nHost: a\n\n", 400, "no HTTP/1.1"},
      {"bare CR", Request(good + "X: a\rb\r\n"), 400, "no HTTP/1.1"},
      {"NUL", Request(good + std::string("X: a\0b\r\n", 8)), 400, "no HTTP/1.1"},
      {"ESC", Request(good + "X: \x1b[2J\r\n"), 400, "no HTTP/1.1"},
      {"TLS", std::string("\x16\x03\x01\x02\x00\x01", 6), 400, "no HTTP/1.1"},
      {"too long", "GET " + std::string(kMaxHeadBytes, 'a'), 431, "4096"},
      {"too many fields", Request(good + std::string(kMaxHeadBytes, 'a') + ": b\r\n"), 431, "4096"},
  };
}

TEST(PieceRequestTest, WhatIsNoneOfOursIsRefused) {
  for (const Wrong& wrong : WrongRequests()) {
    SCOPED_TRACE(wrong.name);
    const auto read = ReadPieceRequest(wrong.text);
    ASSERT_TRUE(read.has_value());
    ASSERT_TRUE(std::holds_alternative<RefusedRequest>(read->what));
    const auto& refused = std::get<RefusedRequest>(read->what);
    EXPECT_EQ(refused.code, wrong.code) << refused.text;
    EXPECT_THAT(refused.text, HasSubstr(wrong.says));
    EXPECT_EQ(refused.text.find('\n'), std::string::npos);
    EXPECT_GT(read->bytes, 0U);
  }
}

}  // namespace
}  // namespace ballast
