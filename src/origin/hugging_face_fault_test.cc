// Every way an origin can misbehave on the wire: faults.md's list for origins.
#include <chrono>
#include <thread>

#include "origin/testing/hub_fixture.h"

namespace ballast {
namespace {

using hub::FaultKind;
using hub::Port;
using testing::AllOf;
using testing::HasSubstr;
using namespace std::chrono_literals;

class HubFaultTest : public HubTest {
 protected:
  void SetUp() override {
    Start();
    auto model = Resolve();
    BALLAST_CHECK(model.ok()) << model.status();
    model_ = std::make_unique<ResolvedModel>(*std::move(model));
  }

  // A Read() of the weights with `fault` at the CDN.
  Status ReadWith(hub::Fault fault, ByteRange range = {1000, 290'000}) {
    fault.port = Port::kCdn;
    hub_->AddFault(std::move(fault));
    return ReadWeights(*model_, range);
  }
  // A Resolve() with `fault` at the hub.
  Status ResolveWith(hub::Fault fault) {
    hub_->AddFault(std::move(fault));
    return Refusal();
  }
  // What was delivered is true, and reading on from there completes the file.
  void ExpectTruePrefixAndResume(ByteRange range = {1000, 290'000}) {
    EXPECT_TRUE(Weights(range).starts_with(got_));
    const ByteRange rest{range.begin + got_.size(), range.end};
    const std::string prefix = got_;
    const Status status = ReadWeights(*model_, rest);
    EXPECT_TRUE(status.ok()) << status;
    EXPECT_TRUE(prefix + got_ == Weights(range));
  }

  std::unique_ptr<ResolvedModel> model_;
};

TEST_F(HubFaultTest, ABodyThatEndsEarlyIsAnErrorAndCanBeResumed) {
  EXPECT_EQ(ReadWith({.kind = FaultKind::kShort, .offset = 70'000}).code(), StatusCode::kUnavailable);
  EXPECT_EQ(got_.size(), 69'000U);
  ExpectTruePrefixAndResume();
}

TEST_F(HubFaultTest, AResetInTheMiddleCanBeResumed) {
  EXPECT_EQ(ReadWith({.kind = FaultKind::kReset, .offset = 200'000}).code(), StatusCode::kUnavailable);
  ExpectTruePrefixAndResume();
}

TEST_F(HubFaultTest, AnAnnouncedLongerBodyIsRefused) {
  EXPECT_EQ(ReadWith({.kind = FaultKind::kLong, .bytes = 5}).code(), StatusCode::kDataLoss);
  EXPECT_TRUE(got_.empty());
}

TEST_F(HubFaultTest, BytesBehindACompleteBodyAreNeverDelivered) {
  EXPECT_TRUE(ReadWith({.kind = FaultKind::kTrailing, .text = "HTTP/1.1 200 OK\r\n\r\njunk"}).ok());
  EXPECT_TRUE(Got());
  hub_->WaitFor([](const auto& log) { return log.back().done; });  // the junk lies in the kept connection now
  EXPECT_TRUE(ReadWeights(*model_).ok());
  EXPECT_TRUE(Got());
}

TEST_F(HubFaultTest, A200InsteadOfA206IsReadFromTheRightPlace) {
  EXPECT_TRUE(ReadWith({.kind = FaultKind::kIgnoreRange}, {0, 1000}).ok());
  EXPECT_TRUE(Got({0, 1000}));
  EXPECT_TRUE(ReadWith({.kind = FaultKind::kIgnoreRange}).ok());
  EXPECT_TRUE(Got());
}

TEST_F(HubFaultTest, AWrongContentRangeIsRefused) {
  const Status status = ReadWith({.kind = FaultKind::kWrongContentRange});
  EXPECT_EQ(status.code(), StatusCode::kDataLoss);
  EXPECT_THAT(status.message(), AllOf(HasSubstr("model.safetensors"), HasSubstr("1000-289999")));
  EXPECT_TRUE(got_.empty());
  EXPECT_EQ(ReadWith({.kind = FaultKind::kDropHeaders, .headers = {{"Content-Range", ""}}}).code(),
            StatusCode::kDataLoss);
}

TEST_F(HubFaultTest, AnotherTotalIsRefusedBeforeItsFirstByteAndMayPass) {
  EXPECT_EQ(ReadWith({.kind = FaultKind::kWrongTotal}).code(), StatusCode::kDataLoss);
  EXPECT_TRUE(got_.empty());
  EXPECT_EQ(ReadWith({.kind = FaultKind::kWrongTotal}, {0, 300'000}).code(), StatusCode::kDataLoss);
  EXPECT_TRUE(got_.empty());
  EXPECT_TRUE(ReadWeights(*model_).ok());
  EXPECT_TRUE(Got());
}

TEST_F(HubFaultTest, ALoginPageInTheFilesPlaceIsNeverTakenForIt) {
  const Status status = ReadWith({.kind = FaultKind::kBody, .text = "<html>Please log in</html>"}, {0, 300'000});
  EXPECT_EQ(status.code(), StatusCode::kDataLoss);
  EXPECT_THAT(status.message(), AllOf(HasSubstr("26 bytes"), HasSubstr("300000"), HasSubstr("proxy")));
  EXPECT_TRUE(got_.empty());
}

TEST_F(HubFaultTest, AnEtagThatChangesMidwayIsNeverMixed) {
  ASSERT_TRUE(ReadWeights(*model_, {0, 1000}).ok());
  const Status status = ReadWith({.kind = FaultKind::kEtag, .times = -1, .text = "other"});
  EXPECT_EQ(status.code(), StatusCode::kDataLoss);
  EXPECT_THAT(status.message(), AllOf(HasSubstr("ETag"), HasSubstr("\"other\"")));
  EXPECT_TRUE(got_.empty());
  // A mirror that was filled anew has other ETags for good: what was known of the old one is forgotten.
  EXPECT_TRUE(ReadWeights(*model_).ok());
  EXPECT_TRUE(Got());
}

TEST_F(HubFaultTest, AHubThatNowNamesAnotherDigestIsNotRead) {
  hub_->AddFault({.kind = FaultKind::kEtag, .port = Port::kHub, .text = std::string(64, 'a')});
  EXPECT_EQ(ReadWeights(*model_).code(), StatusCode::kFailedPrecondition);
  EXPECT_TRUE(got_.empty());
}

TEST_F(HubFaultTest, ARangeThatIsRefusedMeansOtherBytes) {
  EXPECT_EQ(ReadWith({.kind = FaultKind::kStatus, .status = 416}).code(), StatusCode::kDataLoss);
  EXPECT_TRUE(ReadWeights(*model_).ok());
}

TEST_F(HubFaultTest, AStallAt99PercentIsNoticed) {
  ConnectImpatiently();
  const Status status = ReadWith({.kind = FaultKind::kStall, .offset = 289'000});
  EXPECT_EQ(status.code(), StatusCode::kUnavailable);
  EXPECT_THAT(status.message(), HasSubstr("sent nothing for"));
  EXPECT_EQ(got_.size(), 288'000U);
  hub_->ClearFaults();
  Connect(HubOptions(*hub_));  // its connections are gone, its prefix is not
  ExpectTruePrefixAndResume();
}

TEST_F(HubFaultTest, ABodyThatDripsIsNoticed) {
  ConnectImpatiently();
  const Status status = ReadWith({.kind = FaultKind::kSlow, .bytes = 50});
  EXPECT_EQ(status.code(), StatusCode::kUnavailable);
  EXPECT_THAT(status.message(), HasSubstr("less than"));
}

TEST_F(HubFaultTest, HeadersThatDripAreNoticed) {
  ConnectImpatiently();
  EXPECT_THAT(ResolveWith({.kind = FaultKind::kSlowHeaders, .bytes = 20}).message(), HasSubstr("sent nothing for"));
}

TEST_F(HubFaultTest, AStopIsObeyedWhileNothingComes) {
  hub_->AddFault({.kind = FaultKind::kStall, .port = Port::kCdn, .offset = 5000});
  std::stop_source stop;
  Status status;
  std::jthread reader([&] { status = Read(*model_, "model.safetensors", {1000, 290'000}, stop.get_token()); });
  hub_->WaitForStalled(1);
  stop.request_stop();
  reader.join();
  EXPECT_EQ(status.code(), StatusCode::kCancelled);
}

TEST_F(HubFaultTest, BrokenChunksAreAnError) {
  EXPECT_EQ(ReadWith({.kind = FaultKind::kBadChunk}).code(), StatusCode::kUnavailable);
  EXPECT_TRUE(Weights().starts_with(got_));
}

TEST_F(HubFaultTest, AnEncodedBodyIsRefusedBeforeItsFirstByte) {
  const Status status = ReadWith({.kind = FaultKind::kGzip});
  EXPECT_EQ(status.code(), StatusCode::kDataLoss);
  EXPECT_THAT(status.message(), HasSubstr("Content-Encoding \"gzip\""));
  EXPECT_TRUE(got_.empty());
  for (const auto& request : hub_->requests()) EXPECT_EQ(request.accept_encoding, "identity");
}

TEST_F(HubFaultTest, InterimAnswersAreSkipped) {
  EXPECT_TRUE(ReadWith({.kind = FaultKind::kInterim}).ok());
  EXPECT_TRUE(Got());
}

TEST_F(HubFaultTest, HeadersOfInterimAnswersAreForgotten) {
  const std::string hints = "HTTP/1.1 103 Early Hints\r\nContent-Range: bytes 7-8/9\r\nETag: \"x\"\r\n\r\n";
  EXPECT_TRUE(ReadWith({.kind = FaultKind::kInterim, .text = hints}).ok());
  EXPECT_TRUE(Got());
}

TEST_F(HubFaultTest, EndlessInterimAnswersAreRefused) {
  std::string flood;
  for (int i = 0; i < 5000; ++i) flood += "HTTP/1.1 100 Continue\r\n\r\n";
  const Status status = ResolveWith({.kind = FaultKind::kInterim, .text = flood});
  EXPECT_EQ(status.code(), StatusCode::kUnavailable);
  EXPECT_THAT(status.message(), HasSubstr("of headers"));
}

TEST_F(HubFaultTest, AnEndlessHeaderIsRefused) {
  for (const uint64_t bytes : {70'000, 1 << 20}) {
    const Status status = ResolveWith({.kind = FaultKind::kHugeHeader, .bytes = bytes});
    EXPECT_EQ(status.code(), StatusCode::kUnavailable);
    EXPECT_THAT(status.message(), HasSubstr("more than 64.0 KiB of headers")) << bytes;
  }
}

TEST_F(HubFaultTest, WhatIsNoHttpIsAnError) {
  const Status ssh = ResolveWith({.kind = FaultKind::kRaw, .text = "SSH-2.0-OpenSSH_9.2\r\n"});
  EXPECT_EQ(ssh.code(), StatusCode::kUnavailable);
  EXPECT_THAT(ssh.message(), AllOf(HasSubstr("does not speak HTTP"), HasSubstr("port")));
  EXPECT_EQ(ResolveWith({.kind = FaultKind::kRaw, .text = ""}).code(), StatusCode::kUnavailable);
}

TEST_F(HubFaultTest, RateLimitsAreObeyedInEverySpelling) {
  const std::pair<std::map<std::string, std::string>, std::chrono::milliseconds> cases[] = {
      {{{"Retry-After", "7"}}, 7s},
      {{{"Retry-After", "Tue, 14 Nov 2023 22:13:50 GMT"}}, 30s},  // FakeClock: 22:13:20
      {{{"RateLimit", "\"api\";r=0;t=55"}}, 55s},
      {{{"Retry-After", "1000000000"}}, kMaxRetryAfter},
      {{{"Retry-After", "-3"}}, 0s},
      {{}, 0s},
  };
  for (const auto& [headers, wait] : cases) {
    const Status status = ResolveWith({.kind = FaultKind::kStatus, .status = 429, .headers = headers});
    EXPECT_EQ(status.code(), StatusCode::kUnavailable);
    EXPECT_EQ(status.retry_after(), wait) << status;
    EXPECT_THAT(status.message(), HasSubstr("429"));
  }
  const Status read = ReadWith({.kind = FaultKind::kStatus, .status = 429, .headers = {{"Retry-After", "9"}}});
  EXPECT_EQ(read.retry_after(), std::chrono::milliseconds(9s));
}

TEST_F(HubFaultTest, ServerErrorsAreForLater) {
  for (const int code : {408, 500, 502, 503, 504}) {
    EXPECT_EQ(ResolveWith({.kind = FaultKind::kStatus, .status = code}).code(), StatusCode::kUnavailable) << code;
    EXPECT_EQ(ReadWith({.kind = FaultKind::kStatus, .status = code}).code(), StatusCode::kUnavailable) << code;
  }
  EXPECT_EQ(ResolveWith({.kind = FaultKind::kStatus, .status = 503, .headers = {{"Retry-After", "4"}}}).retry_after(),
            4s);
}

TEST_F(HubFaultTest, ClientErrorsAreFinalAndSayWhat) {
  const std::pair<int, StatusCode> cases[] = {{400, StatusCode::kInvalidArgument},
                                              {401, StatusCode::kUnauthenticated},
                                              {403, StatusCode::kPermissionDenied},
                                              {404, StatusCode::kNotFound},
                                              {410, StatusCode::kNotFound}};
  for (const auto& [code, expected] : cases) {
    const Status status = ResolveWith(
        {.kind = FaultKind::kStatus, .status = code, .headers = {{"X-Error-Message", "because\x01 of it"}}});
    EXPECT_EQ(status.code(), expected) << status;
    EXPECT_THAT(status.message(), AllOf(HasSubstr("hf://org/name"), HasSubstr("because\\x01 of it")));
  }
}

TEST_F(HubFaultTest, AListingOfAGibibyteIsRefusedInBoundedMemory) {
  hub_->AddFault({.kind = FaultKind::kSetHeaders, .path = "*/tree/*", .headers = {{"Content-Length", "1073741824"}}});
  hub_->AddFault({.kind = FaultKind::kBody, .path = "*/tree/*", .text = std::string(40 << 20, ' ')});
  EXPECT_EQ(Refusal().code(), StatusCode::kDataLoss);
}

TEST_F(HubFaultTest, AHubThatIsDownIsNamed) {
  hub_->Stop();
  const Status status = Refusal();
  EXPECT_EQ(status.code(), StatusCode::kUnavailable);
  EXPECT_THAT(status.message(), AllOf(HasSubstr("cannot connect to " + hub_->endpoint()), HasSubstr("proxy")));
}

TEST_F(HubFaultTest, AHostWithoutAnAddressIsNamed) {
  HuggingFaceOptions options = HubOptions(*hub_);
  options.endpoint = "http://" + std::string(64, 'x') + ".invalid";  // a label too long to be asked for
  Connect(std::move(options));
  const Status status = Refusal();
  EXPECT_EQ(status.code(), StatusCode::kUnavailable);
  EXPECT_THAT(status.message(), AllOf(HasSubstr("no address"), HasSubstr("DNS")));
}

TEST_F(HubFaultTest, AKeptConnectionThatTheHubClosedMeanwhileIsNoError) {
  ASSERT_TRUE(Read(*model_, "config.json", {0, 8}).ok());
  hub_->AddFault({.kind = FaultKind::kRaw, .port = Port::kHub, .text = ""});
  EXPECT_TRUE(Read(*model_, "config.json", {0, 8}).ok());  // asked again on a new connection
}

}  // namespace
}  // namespace ballast
