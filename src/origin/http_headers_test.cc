#include "origin/http_headers.h"

#include <gtest/gtest.h>

namespace ballast {
namespace {

using namespace std::chrono_literals;

constexpr WallTime kNow{std::chrono::seconds(784111777)};  // Sun, 06 Nov 1994 08:49:37 GMT

std::chrono::milliseconds Wait(std::string_view name, std::string_view value) {
  HttpHeaders headers;
  headers.Add(name, value);
  return RetryAfter(headers, kNow);
}

TEST(HttpHeadersTest, NamesIgnoreCaseAndRepeatedOnesAreJoined) {
  HttpHeaders headers;
  EXPECT_TRUE(headers.AddLine("Link: <a>; rel=\"first\"\r\n"));
  EXPECT_TRUE(headers.AddLine("LINK:<b>; rel=\"next\""));
  EXPECT_FALSE(headers.AddLine("no header"));
  EXPECT_FALSE(headers.AddLine(": nameless"));
  EXPECT_EQ(headers.Get("link"), "<a>; rel=\"first\", <b>; rel=\"next\"");
  EXPECT_EQ(headers.Get("absent"), "");
}

TEST(HttpHeadersTest, StatusLine) {
  EXPECT_EQ(ParseStatusLine("HTTP/1.1 206 Partial Content\r\n"), 206);
  EXPECT_EQ(ParseStatusLine("HTTP/1.0 200"), 200);
  for (const char* line : {"", "HTTP/1.1", "HTTP/1.1 abc", "HTTP/1.1 20", "ICY 200 OK", "HTTP/1.1 -20"}) {
    EXPECT_EQ(ParseStatusLine(line), std::nullopt) << line;
  }
}

TEST(ContentRangeTest, ReadsBothForms) {
  EXPECT_EQ(ParseContentRange("bytes 0-499/1234"), (ContentRange{0, 500, 1234}));
  EXPECT_EQ(ParseContentRange(" Bytes 5-5/* "), (ContentRange{5, 6, std::nullopt}));
}

TEST(ContentRangeTest, RefusesNonsense) {
  for (const char* value :
       {"", "bytes", "bytes */10", "bytes 5-4/10", "bytes 0-9/9", "bytes -1-4/10", "bytes 0-4",
        "bytes 0-18446744073709551615/*", "items 0-4/10", "bytes 0-99999999999999999999/*", "bytes 0/4-10"}) {
    EXPECT_EQ(ParseContentRange(value), std::nullopt) << value;
  }
}

TEST(LinkTest, FindsTheNextPage) {
  EXPECT_EQ(ParseLinkNext("<https://h/api?cursor=a>; rel=\"next\""), "https://h/api?cursor=a");
  EXPECT_EQ(ParseLinkNext("<a>; rel=\"prev\", <b?x=1,2>; title=\"t\"; rel=next"), "b?x=1,2");
  EXPECT_EQ(ParseLinkNext("<a>;rel=\"NEXT\", <b>"), "a");
  for (const char* value : {"", "<a", "a>; rel=next", "<a>", "<a>; rel=\"nextish\"", "<a>; rel=prev, <b>"}) {
    EXPECT_EQ(ParseLinkNext(value), "") << value;
  }
}

TEST(EtagTest, DropsWeaknessAndQuotes) {
  EXPECT_EQ(NormalizedEtag("W/\"abc\""), "abc");
  EXPECT_EQ(NormalizedEtag(" \"abc\" "), "abc");
  EXPECT_EQ(NormalizedEtag("abc"), "abc");
  EXPECT_EQ(NormalizedEtag("\""), "\"");
}

TEST(RetryAfterTest, SecondsAndDates) {
  EXPECT_EQ(Wait("Retry-After", "7"), 7s);
  EXPECT_EQ(Wait("Retry-After", "Sun, 06 Nov 1994 08:49:49 GMT"), 12s);
  EXPECT_EQ(Wait("Retry-After", "Sun, 06 Nov 1994 08:00:00 GMT"), 0s);
}

TEST(RetryAfterTest, AbsurdAndNegativeValuesAreClamped) {
  EXPECT_EQ(Wait("Retry-After", "1000000000"), kMaxRetryAfter);
  EXPECT_EQ(Wait("Retry-After", "99999999999999999999999999"), kMaxRetryAfter);
  EXPECT_EQ(Wait("Retry-After", "Sun, 06 Nov 2094 08:49:37 GMT"), kMaxRetryAfter);
  EXPECT_EQ(Wait("Retry-After", "-5"), 0s);
  EXPECT_EQ(Wait("Retry-After", "soon"), 0s);
  EXPECT_EQ(Wait("Retry-After", ""), 0s);
}

TEST(RetryAfterTest, HubRateLimitCountsOnlyWhenNothingIsLeft) {
  EXPECT_EQ(Wait("RateLimit", "\"api\";r=0;t=55"), 55s);
  EXPECT_EQ(Wait("RateLimit", "\"api\";r=3;t=55"), 0s);
  EXPECT_EQ(Wait("RateLimit", "\"api\";r=9;t=55, \"resolvers\"; r=0; t=12"), 12s);
  EXPECT_EQ(Wait("RateLimit", "\"api\";r=0;t=9999999"), kMaxRetryAfter);
  EXPECT_EQ(Wait("RateLimit", "\"api\";r=0"), 0s);
}

TEST(RetryAfterTest, TheLongerOfTheTwoHolds) {
  HttpHeaders headers;
  headers.Add("Retry-After", "20");
  headers.Add("RateLimit", "\"api\";r=0;t=30");
  EXPECT_EQ(RetryAfter(headers, kNow), 30s);
}

}  // namespace
}  // namespace ballast
