#include "origin/testing/hub_fault.h"

#include <curl/curl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <thread>

#include "origin/testing/hub_test_client.h"

namespace ballast::hub {
namespace {

using ::testing::HasSubstr;
using ::testing::SizeIs;
using ::testing::StartsWith;

class FaultTest : public StandInTest {
 protected:
  void SetUp() override {
    Start();
    PublishModel();
    weights_url_ = Fetch(Resolve("model.safetensors")).headers["location"];
    hub_->ClearRequests();
  }
  Answer Weights(const std::string& range = "") { return Fetch(weights_url_, {.range = range}); }
  Answer Config() { return Fetch(Resolve("config.json")); }

  std::string weights_url_;
};

TEST_F(FaultTest, ShortEndsBeforeTheOffset) {
  hub_->AddFault({.kind = FaultKind::kShort, .offset = 70'000});
  Answer cut = Weights();
  EXPECT_EQ(cut.curl, CURLE_PARTIAL_FILE);
  EXPECT_EQ(cut.body, weights_.substr(0, 70'000));
  EXPECT_EQ(cut.headers["content-length"], "100000");
  hub_->WaitFor([](const auto& log) { return log.size() == 1 && log[0].done; });
  EXPECT_EQ(hub_->requests()[0].bytes_sent, 70'000);
  EXPECT_EQ(hub_->requests()[0].length, 100'000);
  EXPECT_EQ(Weights().body, weights_);
}

TEST_F(FaultTest, ResetBreaksTheConnection) {
  hub_->AddFault({.kind = FaultKind::kReset, .offset = 70'000});
  EXPECT_EQ(Weights().curl, CURLE_RECV_ERROR);
}

TEST_F(FaultTest, LongSendsMoreThanAskedFor) {
  hub_->AddFault({.kind = FaultKind::kLong, .bytes = 5});
  Answer more = Weights("10-19");
  EXPECT_EQ(more.status, 206);
  EXPECT_EQ(more.headers["content-range"], "bytes 10-19/100000");
  EXPECT_EQ(more.body, weights_.substr(10, 10) + "xxxxx");
}

TEST_F(FaultTest, CorruptFlipsOneBitWhereverTheRangeBegins) {
  hub_->AddFault({.kind = FaultKind::kCorrupt, .port = Port::kCdn, .path = "*model*", .offset = 1000});
  EXPECT_EQ(Weights("0-999").body, weights_.substr(0, 1000));
  std::string damaged = weights_.substr(990, 20);
  damaged[10] = static_cast<char>(damaged[10] ^ 1);
  EXPECT_EQ(Weights("990-1009").body, damaged);
  EXPECT_EQ(Weights("990-1009").body, weights_.substr(990, 20));
}

TEST_F(FaultTest, StalledAnswersWaitForTheirRelease) {
  hub_->AddFault({.kind = FaultKind::kStall, .offset = 99'000});
  Answer answer;
  std::jthread client([&] { answer = Weights(); });
  hub_->WaitForStalled(1);
  EXPECT_EQ(hub_->requests()[0].bytes_sent, 99'000);
  EXPECT_FALSE(hub_->requests()[0].done);
  hub_->Release();
  client.join();
  EXPECT_EQ(answer.body, weights_);
}

TEST_F(FaultTest, StopEndsStalledAndSlowAnswers) {
  hub_->AddFault({.kind = FaultKind::kStall, .times = 1, .offset = 0});
  hub_->AddFault({.kind = FaultKind::kSlow, .path = "*/model.safetensors", .skip = 1, .bytes = 20});
  hub_->AddFault({.kind = FaultKind::kSlowHeaders, .path = "*config.json", .bytes = 1});
  std::jthread stalled([&] { EXPECT_NE(Weights().curl, CURLE_OK); });
  hub_->WaitForStalled(1);
  std::jthread slow([&] { EXPECT_NE(Weights().curl, CURLE_OK); });
  std::jthread slow_headers([&] { EXPECT_NE(Config().curl, CURLE_OK); });
  hub_->WaitFor([](const auto& log) {
    return log.size() == 3 &&
           std::all_of(log.begin(), log.end(), [](const auto& request) { return request.status != 0; });
  });
  hub_->Stop();
}

TEST_F(FaultTest, RangesAreAnsweredWrongly) {
  hub_->AddFault({.kind = FaultKind::kIgnoreRange});
  Answer whole = Weights("10-19");
  EXPECT_EQ(whole.status, 200);
  EXPECT_EQ(whole.body, weights_);
  hub_->AddFault({.kind = FaultKind::kWrongContentRange});
  EXPECT_EQ(Weights("10-19").headers["content-range"], "bytes 11-20/100000");
  hub_->AddFault({.kind = FaultKind::kWrongTotal, .bytes = 7});
  EXPECT_EQ(Weights("10-19").headers["content-range"], "bytes 10-19/100007");
  hub_->AddFault({.kind = FaultKind::kWrongTotal});
  EXPECT_EQ(Weights().headers["content-length"], "100001");
}

TEST_F(FaultTest, EtagsChange) {
  std::string before = Weights().headers["etag"];
  hub_->AddFault({.kind = FaultKind::kEtag, .text = "other"});
  EXPECT_EQ(Weights().headers["etag"], "\"other\"");
  EXPECT_EQ(Weights().headers["etag"], before);
}

TEST_F(FaultTest, AnyStatusWithAnyHeaders) {
  hub_->AddFault(
      {.kind = FaultKind::kStatus, .status = 429, .text = "later", .headers = {{"Retry-After", "1000000000"}}});
  hub_->AddFault({.kind = FaultKind::kStatus, .method = "HEAD", .status = 405});
  Answer limited = Config();
  EXPECT_EQ(limited.status, 429);
  EXPECT_EQ(limited.headers["retry-after"], "1000000000");
  EXPECT_EQ(limited.body, "later");
  EXPECT_EQ(Config().body, "{}");
  EXPECT_EQ(Fetch(Resolve("config.json"), {.method = "HEAD"}).status, 405);
}

TEST_F(FaultTest, RedirectsLoopAndLeadElsewhere) {
  hub_->AddFault({.kind = FaultKind::kRedirect, .times = -1});
  EXPECT_EQ(Fetch(Resolve("config.json"), {.follow = true}).curl, CURLE_TOO_MANY_REDIRECTS);
  EXPECT_THAT(hub_->requests(), SizeIs(11));
  hub_->ClearFaults();
  hub_->AddFault({.kind = FaultKind::kRedirect, .text = "http://169.254.169.254/latest/meta-data"});
  EXPECT_EQ(Config().headers["location"], "http://169.254.169.254/latest/meta-data");
}

TEST_F(FaultTest, HeadersGoMissingAndChange) {
  hub_->AddFault({.kind = FaultKind::kDropHeaders, .headers = {{"x-repo-commit", ""}}});
  hub_->AddFault({.kind = FaultKind::kSetHeaders, .headers = {{"Content-Type", "x/y"}}});
  Answer answer = Config();
  EXPECT_EQ(answer.headers.count("x-repo-commit"), 0);
  EXPECT_EQ(answer.headers["content-type"], "x/y");
}

TEST_F(FaultTest, ChunksAreFramedBadly) {
  hub_->AddFault({.kind = FaultKind::kBadChunk});
  Answer answer = Weights();
  EXPECT_NE(answer.curl, CURLE_OK);
  EXPECT_EQ(answer.headers["transfer-encoding"], "chunked");
  EXPECT_EQ(answer.body, weights_.substr(0, 50'000));
}

TEST_F(FaultTest, GzipComesUnasked) {
  hub_->AddFault({.kind = FaultKind::kGzip});
  Answer answer = Config();
  EXPECT_EQ(answer.headers["content-encoding"], "gzip");
  EXPECT_THAT(answer.body, StartsWith("\x1f\x8b"));
}

TEST_F(FaultTest, HeadersOfAMebibyte) {
  hub_->AddFault({.kind = FaultKind::kHugeHeader, .bytes = 50'000});
  EXPECT_THAT(Config().headers["x-padding"], SizeIs(50'000));
  hub_->AddFault({.kind = FaultKind::kHugeHeader});
  Answer answer = Config();
  EXPECT_TRUE(answer.curl != CURLE_OK || answer.headers["x-padding"].size() == (1 << 20));
}

TEST_F(FaultTest, InterimAnswersAndForeignBodies) {
  hub_->AddFault({.kind = FaultKind::kInterim});
  EXPECT_EQ(Config().body, "{}");
  hub_->AddFault({.kind = FaultKind::kBody, .text = "[1]"});
  EXPECT_EQ(Config().body, "[1]");
  hub_->AddFault({.kind = FaultKind::kRaw, .text = "HTTP/1.1 299 Odd\r\n\r\nraw"});
  Answer raw = Config();
  EXPECT_EQ(raw.status, 299);
  EXPECT_EQ(raw.body, "raw");
}

TEST_F(FaultTest, HitsTheNthMatchingRequestOnly) {
  hub_->AddFault({.kind = FaultKind::kStatus, .path = "*/config.json", .skip = 1, .times = 2, .status = 503});
  EXPECT_EQ(Weights().status, 200);
  EXPECT_EQ(Config().status, 200);
  EXPECT_EQ(Config().status, 503);
  EXPECT_EQ(Config().status, 503);
  EXPECT_EQ(Config().status, 200);
}

TEST_F(FaultTest, ConnectionsAreKeptAfterAnswersThatAreWhole) {
  CURL* curl = curl_easy_init();
  curl_easy_setopt(curl, CURLOPT_URL, Resolve("config.json").c_str());
  curl_easy_setopt(curl, CURLOPT_NOPROXY, "*");
  curl_easy_setopt(curl, CURLOPT_NOBODY, 1L);
  long connects = 0;
  for (int i = 0; i < 10; ++i) {
    EXPECT_EQ(curl_easy_perform(curl), CURLE_OK);
    long more = 0;
    curl_easy_getinfo(curl, CURLINFO_NUM_CONNECTS, &more);
    connects += more;
  }
  curl_easy_cleanup(curl);
  EXPECT_EQ(connects, 1);
}

TEST(ParseFaultTest, ReadsWhatTheReadmeShows) {
  auto fault = ParseFault(
      R"({"kind": "corrupt", "port": "cdn", "path": "*model*", "skip": 1, "times": -1, "offset": 12, "method": "GET"})");
  ASSERT_TRUE(fault.ok()) << fault.status();
  EXPECT_EQ(fault->kind, FaultKind::kCorrupt);
  EXPECT_EQ(fault->port, Port::kCdn);
  EXPECT_EQ(fault->path, "*model*");
  EXPECT_EQ(fault->skip, 1);
  EXPECT_EQ(fault->times, -1);
  EXPECT_EQ(fault->offset, 12);
  EXPECT_EQ(fault->method, "GET");
  EXPECT_THAT(ParseFault(R"({"kind": "drop_headers", "headers": ["ETag"]})")->headers, SizeIs(1));
}

TEST(ParseFaultTest, NamesWhatIsWrong) {
  EXPECT_THAT(ParseFault(R"({"kind": "corupt"})").status().message(), HasSubstr("did you mean \"corrupt\""));
  EXPECT_THAT(ParseFault(R"({"kind": "slow", "offest": 1})").status().message(), HasSubstr("did you mean \"offset\""));
  EXPECT_THAT(ParseFault(R"({"kind": "slow", "bytes": "x"})").status().message(), HasSubstr("\"bytes\""));
  EXPECT_FALSE(ParseFault("[").ok());
  EXPECT_FALSE(ParseFault(R"({"kind": "slow", "port": "x"})").ok());
}

}  // namespace
}  // namespace ballast::hub
