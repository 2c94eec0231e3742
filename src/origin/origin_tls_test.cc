// TLS with private CAs, proxies, and the https:// origin, which knows nothing else.
#include <filesystem>
#include <fstream>

#include "base/strings.h"
#include "core/testing/hostile_names.h"
#include "origin/https_origin.h"
#include "origin/testing/connect_proxy.h"
#include "origin/testing/hub_fixture.h"
#include "origin/testing/origin_conformance.h"
#include "origin/testing/test_certificate.h"

namespace ballast {
namespace {

namespace fs = std::filesystem;
using hub::FaultKind;
using hub::Port;
using testing::AllOf;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

constexpr char kLoopback[] = "IP:127.0.0.1,IP:127.0.0.2";

fs::path Folder() { return testing::TempDir() + "origin_tls." + std::to_string(getpid()); }

TestCa& Ca() {
  static TestCa ca(Folder(), "corp");
  return ca;
}

hub::Options TlsHub(const ServerCertificate& certificate) {
  return {.certificate = certificate.chain, .key = certificate.key};
}

const ServerCertificate& GoodCertificate() {
  static const ServerCertificate certificate = Ca().Issue("good", kLoopback);
  return certificate;
}

class TlsTest : public HubTest {
 protected:
  // A hub with `certificate`, and an origin that trusts the CA.
  void StartTls(const ServerCertificate& certificate, hub::Options options = {}) {
    options.certificate = certificate.chain;
    options.key = certificate.key;
    hub_ = StartHub(std::move(options));
    Connect(Trusting());
  }
  HuggingFaceOptions Trusting() const {
    HuggingFaceOptions options = HubOptions(*hub_);
    options.http.ca_bundle = Ca().bundle();
    return options;
  }
};

TEST_F(TlsTest, APrivateCaIsTrustedOnceItsBundleIsNamed) {
  StartTls(GoodCertificate());
  const auto model = Resolve();
  ASSERT_TRUE(model.ok()) << model.status();
  EXPECT_TRUE(ReadWeights(*model).ok());
  EXPECT_TRUE(Got());
}

TEST_F(TlsTest, AnUnknownCaIsRefusedWithTheRemedy) {
  StartTls(GoodCertificate());
  Connect(HubOptions(*hub_));
  const Status status = Refusal();
  EXPECT_EQ(status.code(), StatusCode::kUnauthenticated);
  EXPECT_THAT(status.message(), AllOf(HasSubstr("not trusted"), HasSubstr("caBundle")));
  EXPECT_THAT(hub_->requests(), IsEmpty());
}

TEST_F(TlsTest, AnExpiredCertificateIsRefused) {
  StartTls(Ca().Issue("expired", kLoopback, -std::chrono::hours(1)));
  EXPECT_THAT(Refusal().ToString(), AllOf(HasSubstr("UNAUTHENTICATED"), HasSubstr("expired"), HasSubstr("clock")));
}

TEST_F(TlsTest, ACertificateForAnotherHostIsRefused) {
  StartTls(Ca().Issue("other", "DNS:other.example"));
  EXPECT_THAT(Refusal().ToString(),
              AllOf(HasSubstr("UNAUTHENTICATED"), HasSubstr("names in the server's certificate")));
}

TEST_F(TlsTest, TheBundleIsReadAgainWhenItChanges) {
  StartTls(GoodCertificate());
  TestCa other(Folder(), "other-ca");
  const fs::path bundle = Folder() / "rotating.pem";
  fs::copy_file(other.bundle(), bundle, fs::copy_options::overwrite_existing);
  HuggingFaceOptions options = HubOptions(*hub_);
  options.http.ca_bundle = bundle;
  Connect(options);
  EXPECT_EQ(Refusal().code(), StatusCode::kUnauthenticated);
  fs::copy_file(Ca().bundle(), Folder() / "next.pem", fs::copy_options::overwrite_existing);
  fs::rename(Folder() / "next.pem", bundle);
  EXPECT_TRUE(Resolve().ok());
  fs::copy_file(other.bundle(), Folder() / "next.pem", fs::copy_options::overwrite_existing);
  fs::rename(Folder() / "next.pem", bundle);
  EXPECT_EQ(Refusal().code(), StatusCode::kUnauthenticated);  // no connection of before is used again
}

TEST_F(TlsTest, ABundleThatIsUnusableIsNamed) {
  StartTls(GoodCertificate());
  HuggingFaceOptions options = HubOptions(*hub_);
  options.http.ca_bundle = "/nonexistent/ca.pem";
  Connect(options);
  EXPECT_THAT(Refusal().ToString(), AllOf(HasSubstr("INVALID_ARGUMENT"), HasSubstr("/nonexistent/ca.pem")));
  options.http.ca_bundle = GoodCertificate().key;
  Connect(options);
  EXPECT_THAT(Refusal().message(), HasSubstr("no PEM certificate"));
}

TEST_F(TlsTest, ARedirectOutOfHttpsIsNotFollowed) {
  StartTls(GoodCertificate());
  const auto plain = StartHub();
  hub_->AddFault(
      {.kind = FaultKind::kRedirect, .port = Port::kHub, .text = plain->endpoint() + "/api/models/org/name"});
  const Status status = Refusal();
  EXPECT_EQ(status.code(), StatusCode::kPermissionDenied);
  EXPECT_THAT(status.message(), HasSubstr("leaves https"));
  EXPECT_THAT(plain->requests(), IsEmpty());
}

TEST_F(TlsTest, AServerThatSpeaksNoTlsIsAnError) {
  hub_ = StartHub();
  HuggingFaceOptions options = HubOptions(*hub_);
  options.endpoint = "https://127.0.0.1:" + std::to_string(hub_->port());
  Connect(options);
  EXPECT_THAT(Refusal().ToString(),
              AllOf(HasSubstr("UNAVAILABLE"), HasSubstr("no TLS with " + options.endpoint), HasSubstr("plain HTTP")));
}

TEST_F(TlsTest, AServerThatSpeaksOnlyTls10IsToldFromOneThatIsDown) {
  StartTls(GoodCertificate(), {.only_tls_1_0 = true});
  EXPECT_THAT(Refusal().ToString(), AllOf(HasSubstr("UNAVAILABLE"), HasSubstr("no TLS with " + hub_->endpoint()),
                                          HasSubstr("it must speak TLS 1.2 or newer")));
  EXPECT_THAT(hub_->requests(), IsEmpty());
}

// What is open stays trusted or is made anew; what is made anew is judged by the certificate of now.
TEST_F(TlsTest, ACertificateMayBeRotatedBetweenRequests) {
  StartTls(GoodCertificate());
  const auto model = Resolve();
  ASSERT_TRUE(model.ok()) << model.status();
  const auto rotate = [&](const ServerCertificate& certificate) {
    const uint16_t port = hub_->port();
    const uint16_t cdn_port = hub_->cdn_port();
    hub_.reset();
    hub::Options options = TlsHub(certificate);
    options.port = port;
    options.cdn_port = cdn_port;
    hub_ = StartHub(std::move(options));
  };
  rotate(Ca().Issue("renewed", kLoopback));
  EXPECT_TRUE(ReadWeights(*model).ok());
  EXPECT_TRUE(Got());
  rotate(TestCa(Folder(), "stranger").Issue("foreign", kLoopback));
  const Status foreign = ReadWeights(*model);
  EXPECT_EQ(foreign.code(), StatusCode::kUnauthenticated) << foreign;
  EXPECT_TRUE(got_.empty());
  EXPECT_THAT(hub_->requests(), IsEmpty());
  rotate(GoodCertificate());
  EXPECT_TRUE(ReadWeights(*model).ok());
  EXPECT_TRUE(Got());
}

// A mirror with a path prefix and a private CA, through a proxy.
TEST_F(TlsTest, EverythingGoesThroughTheProxy) {
  StartTls(GoodCertificate(), {.prefix = "/api/hf-remote", .tokens = {"hf_canary"}});
  const ConnectProxy proxy;
  HuggingFaceOptions options = Trusting();
  options.http.proxy.https = proxy.url();
  options.token.value = "hf_canary";
  Connect(options);
  const auto model = Resolve();
  ASSERT_TRUE(model.ok()) << model.status();
  EXPECT_TRUE(ReadWeights(*model).ok());
  EXPECT_TRUE(Got());
  EXPECT_THAT(proxy.targets(), AllOf(Contains("127.0.0.1:" + std::to_string(hub_->port())),
                                     Contains("127.0.0.2:" + std::to_string(hub_->cdn_port()))));
  EXPECT_THAT(proxy.heads(), Not(HasSubstr("hf_canary")));
}

TEST_F(TlsTest, NoProxyExemptsAHost) {
  StartTls(GoodCertificate());
  const ConnectProxy proxy;
  HuggingFaceOptions options = Trusting();
  options.http.proxy = {.https = proxy.url(), .no_proxy = {"127.0.0.1/32"}};
  Connect(options);
  const auto model = Resolve();
  ASSERT_TRUE(model.ok()) << model.status();
  EXPECT_TRUE(ReadWeights(*model).ok());
  EXPECT_THAT(proxy.targets(), ElementsAre("127.0.0.2:" + std::to_string(hub_->cdn_port())));
}

TEST_F(TlsTest, AProxyThatRefusesSaysWhatToDo) {
  StartTls(GoodCertificate());
  const ConnectProxy forbids(403);
  const ConnectProxy wants_password(407);
  HuggingFaceOptions options = Trusting();
  options.http.proxy.https = forbids.url();
  Connect(options);
  EXPECT_THAT(Refusal().message(), AllOf(HasSubstr(forbids.url()), HasSubstr("403"), HasSubstr("noProxy")));
  options.http.proxy.https = wants_password.url();
  Connect(options);
  EXPECT_THAT(Refusal().ToString(), AllOf(HasSubstr("UNAUTHENTICATED"), HasSubstr("user and a password")));
}

TEST_F(TlsTest, AProxyThatIsDownIsNamedWithoutItsPassword) {
  StartTls(GoodCertificate());
  HuggingFaceOptions options = Trusting();
  options.http.proxy.https = "http://user:hunter2@127.0.0.1:1";
  Connect(options);
  EXPECT_THAT(Refusal().message(), AllOf(HasSubstr("proxy http://127.0.0.1:1"), Not(HasSubstr("hunter2"))));
}

TEST_F(TlsTest, APrivateAddressInAUrlIsRefusedBehindAProxyToo) {
  StartTls(GoodCertificate());
  const ConnectProxy proxy;
  HuggingFaceOptions options = Trusting();
  options.http.proxy.https = proxy.url();
  options.http.allow_private_addresses = false;
  options.endpoint = "https://169.254.169.254";
  Connect(options);
  EXPECT_THAT(Refusal().ToString(), AllOf(HasSubstr("PERMISSION_DENIED"), HasSubstr("link-local")));
  EXPECT_THAT(proxy.targets(), IsEmpty());
}

// The weights of the hub by their URL, which redirects to the CDN.
struct HttpsUnderTest final : OriginUnderTest {
  Origin& origin() override { return *https; }
  ModelRef ref() const override { return Ref("model.safetensors"); }
  ModelRef unknown_ref() const override { return Ref("nothing.bin"); }
  std::map<std::string, std::string> content() const override { return {{"model.safetensors", TestBytes(300'000)}}; }

  ModelRef Ref(const std::string& file) const {
    return HubRef(hub->endpoint() + "/org/name/resolve/main/" + file +
                  "#sha256=" + Digest::Of(TestBytes(300'000)).Hex());
  }
  static HttpsOriginOptions Options() {
    HttpsOriginOptions options;
    options.http.allow_private_addresses = true;
    options.http.ca_bundle = Ca().bundle();
    return options;
  }

  FakeClock clock;
  std::unique_ptr<hub::StandIn> hub = StartHub(TlsHub(GoodCertificate()));
  std::unique_ptr<HttpsOrigin> https = std::make_unique<HttpsOrigin>(Options(), clock);
};

std::unique_ptr<OriginUnderTest> MakeHttps() { return std::make_unique<HttpsUnderTest>(); }
// A server that knows neither HEAD nor, for what it redirects to, a size before the bytes.
std::unique_ptr<OriginUnderTest> MakeHttpsWithoutHead() {
  auto under_test = std::make_unique<HttpsUnderTest>();
  under_test->hub->AddFault({.kind = FaultKind::kStatus, .method = "HEAD", .times = -1, .status = 405});
  return under_test;
}
std::unique_ptr<OriginUnderTest> MakeHttpsWithoutRanges() {
  auto under_test = std::make_unique<HttpsUnderTest>();
  under_test->hub->AddFault({.kind = FaultKind::kIgnoreRange, .times = -1});
  return under_test;
}
INSTANTIATE_TEST_SUITE_P(Https, OriginConformanceTest,
                         testing::Values(&MakeHttps, &MakeHttpsWithoutHead, &MakeHttpsWithoutRanges));

TEST(HttpsOriginTest, TakesTheDigestFromTheReference) {
  HttpsUnderTest test;
  const auto model = test.https->Resolve(test.ref(), {}, {});
  ASSERT_TRUE(model.ok()) << model.status();
  EXPECT_EQ(model->files[0].sha256, Digest::Of(TestBytes(300'000)));
  EXPECT_EQ(model->commit, "");
}

std::string AllEscaped(std::string_view name) {
  std::string escaped;
  for (const char c : name) {
    constexpr std::string_view kHex = "0123456789abcdef";
    const auto byte = static_cast<unsigned char>(c);
    escaped.append({'%', kHex[byte >> 4], kHex[byte & 15]});
  }
  return escaped;
}

// Refused before anybody is asked: loopback would be PERMISSION_DENIED.
TEST(HttpsOriginTest, HostileNamesAreRefused) {
  const FakeClock clock;
  HttpsOrigin origin({}, clock);
  const std::string digest = Digest::Of("x").Hex();
  int asked = 0;
  for (const HostileName& hostile : HostileNames()) {
    const auto ref = ModelRef::Parse("https://127.0.0.1:1/x/" + AllEscaped(hostile.name) + "#sha256=" + digest);
    if (!ref.ok()) continue;  // no name, or a URL that is too long
    ++asked;
    const Status status = origin.Resolve(*ref, {}, {}).status();
    EXPECT_EQ(status.code(), StatusCode::kInvalidArgument) << Quoted(hostile.name) << " " << status;
  }
  EXPECT_GT(asked, 200);
  const auto good = ModelRef::Parse("https://127.0.0.1:1/x/good#sha256=" + digest);
  EXPECT_EQ(origin.Resolve(*good, {}, {}).status().code(), StatusCode::kPermissionDenied);
}

TEST(HttpsOriginTest, ASizeThatIsNoneIsRefused) {
  HttpsUnderTest test;
  for (const char* size : {"9223372036854775808", "1125899906842625"}) {
    test.hub->ClearFaults();
    test.hub->AddFault({.kind = FaultKind::kSetHeaders, .times = -1, .headers = {{"Content-Length", size}}});
    const Status status = test.https->Resolve(test.ref(), {}, {}).status();
    EXPECT_EQ(status.code(), StatusCode::kInvalidArgument) << status;
  }
}

TEST(HttpsOriginTest, RefusesPlainHttp) {
  HttpsUnderTest test;
  ModelRef ref = test.ref();
  ref.name = "http" + ref.name.substr(5);
  EXPECT_EQ(test.https->Resolve(ref, {}, {}).status().code(), StatusCode::kInvalidArgument);
}

TEST(HttpsOriginTest, ALargeFileWithoutRangesIsAClearError) {
  HttpsUnderTest test;
  const std::string big(20 << 20, 'x');
  ASSERT_TRUE(test.hub->Publish("org/name", {{.path = "model.safetensors", .bytes = big}}).ok());
  const auto model = test.https->Resolve(test.ref(), {}, {});
  ASSERT_TRUE(model.ok()) << model.status();
  test.hub->AddFault({.kind = FaultKind::kIgnoreRange, .times = -1});
  const auto sink = [](std::span<const std::byte>) { return OkStatus(); };
  const Status status = test.https->Read(*model, model->files[0], {17 << 20, 18 << 20}, sink, {});
  EXPECT_EQ(status.code(), StatusCode::kUnimplemented);
  EXPECT_THAT(status.message(), HasSubstr("ignores Range"));
}

}  // namespace
}  // namespace ballast
