// The port as a scraper and the kubelet see it: real TLS, whose name and CA are checked, beside an apiserver in memory.
#include "review/metrics_access.h"

#include <arpa/inet.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>

#include <csignal>
#include <latch>
#include <thread>

#include "base/mutex.h"
#include "base/strings.h"
#include "base/testing/fake_clock.h"
#include "base/unique_fd.h"
#include "identity/authority.h"
#include "identity/pem.h"
#include "kube/testing/fake_kube_client.h"
#include "kube/testing/token_reviews.h"

namespace ballast {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

std::string Request(const std::string& path, const std::string& token) {
  const std::string shown = token.empty() ? "" : StrCat("Authorization: Bearer ", token, "\r\n");
  return StrCat("GET ", path, " HTTP/1.0\r\n", shown, "\r\n");
}

std::shared_ptr<const Credentials> Issue(const CertificateAuthority& ca, const std::string& node) {
  const IssuedCertificate issued = ca.Issue(PeerIdentity::Node(node).value(), RealClock().Now()).value();
  return std::make_shared<Credentials>(Credentials{ca.CertificatePem().value(), issued.certificate, issued.key});
}

class MetricsAccessTest : public ::testing::Test {
 protected:
  MetricsAccessTest() {
    client_.Serve(TokenReviewRules({{"scraper", {.username = "prometheus"}}, {"stranger", {.username = "stranger"}}}));
    client_.Serve(AccessReviewRules([](const Json& spec) { return StringAt(spec, "/user") == "prometheus"; }));
    SetCertificate(Issue(ca_, "n1"));
    auto server = HttpServer::Start({.address = "127.0.0.1:0"},
                                    {{"/healthz", [] { return HttpReply{.body = "ok\n"}; }},
                                     {"/metrics", [] { return HttpReply{.body = "ballast 1\n"}; }}},
                                    GuardMetrics({.client = client_, .clock = clock_, .credentials = [this] {
                                                    MutexLock lock(mutex_);
                                                    return certificate_;
                                                  }}));
    EXPECT_TRUE(server.ok()) << server.status();
    server_ = *std::move(server);
  }
  void SetCertificate(std::shared_ptr<const Credentials> certificate) {
    MutexLock lock(mutex_);
    certificate_ = std::move(certificate);
  }

  UniqueFd Connect() const {
    UniqueFd fd(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    sockaddr_in address{
        .sin_family = AF_INET, .sin_port = htons(server_->port()), .sin_addr = {htonl(INADDR_LOOPBACK)}};
    EXPECT_EQ(::connect(fd.get(), reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
    return fd;
  }
  std::string Plain(const std::string& path, const std::string& token = "") const {
    const UniqueFd fd = Connect();
    const std::string request = Request(path, token);
    EXPECT_EQ(::send(fd.get(), request.data(), request.size(), MSG_NOSIGNAL), static_cast<ssize_t>(request.size()));
    std::string answer;
    std::array<char, 4096> block{};
    for (ssize_t n; (n = ::recv(fd.get(), block.data(), block.size(), 0)) > 0;)
      answer.append(block.data(), static_cast<size_t>(n));
    return answer;
  }
  // As a scraper does that trusts `ca` and expects the name of the chart's ServiceMonitor; "": no TLS came about.
  static std::string AskAs(const UniqueFd& fd, const CertificateAuthority& ca, const std::string& request) {
    std::signal(SIGPIPE, SIG_IGN);  // OpenSSL also writes to who has hung up
    const SslContextPtr context(SSL_CTX_new(TLS_client_method()));
    EXPECT_EQ(X509_STORE_add_cert(SSL_CTX_get_cert_store(context.get()), const_cast<X509*>(&ca.certificate())), 1);
    SSL_CTX_set_verify(context.get(), SSL_VERIFY_PEER, nullptr);
    const SslPtr ssl(SSL_new(context.get()));
    EXPECT_EQ(SSL_set1_host(ssl.get(), kCommonServerName), 1);
    SSL_set_fd(ssl.get(), fd.get());
    std::string answer;
    if (SSL_connect(ssl.get()) != 1) return answer;
    EXPECT_GT(SSL_write(ssl.get(), request.data(), static_cast<int>(request.size())), 0);
    std::array<char, 4096> block{};
    for (int n; (n = SSL_read(ssl.get(), block.data(), block.size())) > 0;)
      answer.append(block.data(), static_cast<size_t>(n));
    EXPECT_EQ(SSL_get_shutdown(ssl.get()) & SSL_RECEIVED_SHUTDOWN, SSL_RECEIVED_SHUTDOWN) << "it says where it ends";
    return answer;
  }
  std::string Tls(const std::string& path, const std::string& token = "") const {
    return AskAs(Connect(), ca_, Request(path, token));
  }

  FakeClock clock_;
  FakeKubeClient client_{clock_};
  const CertificateAuthority ca_ = CertificateAuthority::Create(RealClock().Now()).value();
  Mutex mutex_;
  std::shared_ptr<const Credentials> certificate_ GUARDED_BY(mutex_);
  std::unique_ptr<HttpServer> server_;
};

TEST_F(MetricsAccessTest, OverTlsEachTokenGetsWhatItIsDue) {
  EXPECT_THAT(Tls("/metrics"), StartsWith("HTTP/1.0 401"));
  EXPECT_THAT(Tls("/metrics", "nonsense"), StartsWith("HTTP/1.0 401"));
  EXPECT_THAT(Tls("/metrics", "stranger"), StartsWith("HTTP/1.0 403"));
  const std::string answer = Tls("/metrics", "scraper");
  EXPECT_THAT(answer, StartsWith("HTTP/1.0 200"));
  EXPECT_THAT(answer, HasSubstr("\r\n\r\nballast 1\n"));
  client_.FailNext(KubeVerb::kCreate, Unavailable("away"));
  EXPECT_THAT(Tls("/metrics", "other"), StartsWith("HTTP/1.0 503"));
}

TEST_F(MetricsAccessTest, OverPlainHttpThereIsHealthAndNothingElse) {
  EXPECT_THAT(Plain("/healthz"), StartsWith("HTTP/1.0 200"));
  EXPECT_THAT(Tls("/healthz"), StartsWith("HTTP/1.0 200"));
  const std::string answer = Plain("/metrics", "scraper");
  EXPECT_THAT(answer, StartsWith("HTTP/1.0 403"));
  EXPECT_THAT(answer, HasSubstr("ask https://"));
  EXPECT_EQ(client_.CountCalls(KubeVerb::kCreate), 0) << "a token that travelled in the open is not looked at";
}

TEST_F(MetricsAccessTest, WhileAReviewHangsTheKubeletIsAnswered) {
  std::latch asked(1);
  std::latch go_on(1);
  client_.OnCall([&](const FakeCall&) {
    asked.count_down();
    go_on.wait();
  });
  std::string answer;
  std::jthread scrape([&] { answer = Tls("/metrics", "stranger"); });
  asked.wait();
  client_.OnCall([](const FakeCall&) {});
  EXPECT_THAT(Plain("/healthz"), StartsWith("HTTP/1.0 200"));
  EXPECT_THAT(Tls("/metrics", "scraper"), StartsWith("HTTP/1.0 200"));
  go_on.count_down();
  scrape.join();
  EXPECT_THAT(answer, StartsWith("HTTP/1.0 403"));
}

TEST_F(MetricsAccessTest, WithoutACertificateTlsIsCutOffAndHealthIsNot) {
  SetCertificate(nullptr);
  EXPECT_EQ(Tls("/metrics", "scraper"), "");
  EXPECT_THAT(Plain("/healthz"), StartsWith("HTTP/1.0 200"));
  EXPECT_THAT(Plain("/metrics", "scraper"), StartsWith("HTTP/1.0 403"));
}

TEST_F(MetricsAccessTest, TheCertificateIsTheOneOfTheMoment) {
  const auto other = CertificateAuthority::Create(RealClock().Now()).value();
  EXPECT_EQ(AskAs(Connect(), other, Request("/metrics", "scraper")), "") << "whom it does not trust, it tells nothing";
  SetCertificate(Issue(other, "n1"));
  EXPECT_THAT(AskAs(Connect(), other, Request("/metrics", "scraper")), StartsWith("HTTP/1.0 200"));
}

TEST_F(MetricsAccessTest, WhoBeginsTlsAndSaysNoMoreHarmsNobody) {
  const UniqueFd half = Connect();
  EXPECT_EQ(::send(half.get(), "\x16\x03\x01\x02", 4, MSG_NOSIGNAL), 4);
  EXPECT_THAT(Tls("/metrics", "scraper"), StartsWith("HTTP/1.0 200"));
}

}  // namespace
}  // namespace ballast
