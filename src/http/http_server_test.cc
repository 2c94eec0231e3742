#include "http/http_server.h"

#include <arpa/inet.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>

#include <map>
#include <thread>
#include <utility>
#include <vector>

#include "base/mutex.h"
#include "base/strings.h"
#include "base/unique_fd.h"

namespace ballast {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

UniqueFd Connect(uint16_t port) {
  UniqueFd fd(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in address{.sin_family = AF_INET, .sin_port = htons(port), .sin_addr = {htonl(INADDR_LOOPBACK)}};
  EXPECT_EQ(::connect(fd.get(), reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
  return fd;
}

void Send(const UniqueFd& fd, const std::string& request) {
  EXPECT_EQ(::send(fd.get(), request.data(), request.size(), MSG_NOSIGNAL), static_cast<ssize_t>(request.size()));
}

std::string ReceiveAll(const UniqueFd& fd) {
  std::string answer;
  char buffer[4096];
  for (ssize_t n; (n = ::recv(fd.get(), buffer, sizeof buffer, 0)) > 0;) answer.append(buffer, static_cast<size_t>(n));
  return answer;
}

std::string Exchange(uint16_t port, const std::string& request) {
  const UniqueFd fd = Connect(port);
  Send(fd, request);
  return ReceiveAll(fd);
}

class HttpServerTest : public ::testing::Test {
 protected:
  std::unique_ptr<HttpServer> Start(const HttpServerOptions& options = {.address = "127.0.0.1:0"}) {
    auto server = HttpServer::Start(options, {{"/healthz", [] { return HttpReply{.body = "ok\n"}; }}});
    EXPECT_TRUE(server.ok()) << server.status();
    return std::move(server).value();
  }
};

TEST_F(HttpServerTest, AnswersARoute) {
  const auto server = Start();
  const std::string answer =
      Exchange(server->port(), "GET /healthz?x=1 HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
  EXPECT_THAT(answer, StartsWith("HTTP/1.1 200"));
  EXPECT_THAT(answer, HasSubstr("\r\n\r\nok\n"));
}

TEST_F(HttpServerTest, AnythingElseIs404AndOtherMethodsAreRefused) {
  const auto server = Start();
  const std::string unknown = Exchange(server->port(), "GET /etc/passwd HTTP/1.0\r\n\r\n");
  EXPECT_THAT(unknown, StartsWith("HTTP/1.0 404"));
  EXPECT_THAT(unknown, HasSubstr("\r\n\r\nnot found; there are /healthz\n"));
  EXPECT_THAT(Exchange(server->port(), "DELETE /healthz HTTP/1.0\r\n\r\n"), StartsWith("HTTP/1.0 405"));
}

TEST_F(HttpServerTest, HeadHasNoBody) {
  const auto server = Start();
  const std::string answer = Exchange(server->port(), "HEAD /healthz HTTP/1.0\r\n\r\n");
  EXPECT_THAT(answer, HasSubstr("Content-Length: 3"));
  EXPECT_TRUE(answer.ends_with("\r\n\r\n"));
}

TEST_F(HttpServerTest, ServesSeveralRequestsOnOneConnection) {
  const auto server = Start();
  const std::string twice =
      "GET /healthz HTTP/1.1\r\nHost: a\r\n\r\nGET /healthz HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n";
  const std::string answer = Exchange(server->port(), twice);
  EXPECT_NE(answer.find("HTTP/1.1 200"), answer.rfind("HTTP/1.1 200"));
}

TEST_F(HttpServerTest, HangsUpOnAHugeHeaderAndOnNoise) {
  const auto server = Start();
  EXPECT_EQ(Exchange(server->port(), "GET / HTTP/1.1\r\nX: " + std::string(20'000, 'x')), "");
  EXPECT_EQ(Exchange(server->port(), std::string("\x16\x03\x01\0\0\r\n\r\n", 9)), "");
}

TEST_F(HttpServerTest, ConnectionsAreBounded) {
  const auto server = Start({.address = "127.0.0.1:0", .max_connections = 2});
  const UniqueFd first = Connect(server->port());
  const UniqueFd second = Connect(server->port());
  EXPECT_EQ(Exchange(server->port(), "GET /healthz HTTP/1.0\r\n\r\n"), "");
}

TEST_F(HttpServerTest, ASilentClientIsCutOff) {
  const auto server = Start({.address = "127.0.0.1:0", .timeout_seconds = 1});
  EXPECT_EQ(Exchange(server->port(), "GET /heal"), "");  // returns because the server closes
}

TEST_F(HttpServerTest, AnAddressThatIsTakenIsRefusedWithARemedy) {
  const auto server = Start();
  const auto second = HttpServer::Start({.address = "127.0.0.1:" + std::to_string(server->port())}, {});
  ASSERT_FALSE(second.ok());
  EXPECT_THAT(second.status().message(), HasSubstr("set http.address"));
}

// A guard that decides when a test says so.
class SlowGuard final : public HttpGuard {
 public:
  using Values = std::vector<std::string>;

  // Like one whose last review ends as the server stops.
  ~SlowGuard() override {
    for (const Decide& decide : Waiting(0)) decide(OkStatus());
  }
  void Ask(const Values& authorization, Decide decide) override {
    MutexLock lock(mutex_);
    seen_.push_back(authorization);
    const auto known = authorization.empty() ? known_.end() : known_.find(authorization.front());
    if (known != known_.end()) return decide(known->second);
    waiting_.push_back(std::move(decide));
    changed_.NotifyAll();
  }

  // Those with this header are decided at once.
  void Know(const std::string& authorization, Status verdict) {
    MutexLock lock(mutex_);
    known_[authorization] = std::move(verdict);
  }
  // Waits until so many wait, and takes them.
  std::vector<Decide> Waiting(size_t count) {
    MutexLock lock(mutex_);
    while (waiting_.size() < count) changed_.Wait(mutex_);
    return std::exchange(waiting_, {});
  }
  std::vector<Values> seen() {
    MutexLock lock(mutex_);
    return seen_;
  }

 private:
  Mutex mutex_;
  CondVar changed_;
  std::map<std::string, Status> known_ GUARDED_BY(mutex_);
  std::vector<Decide> waiting_ GUARDED_BY(mutex_);
  std::vector<Values> seen_ GUARDED_BY(mutex_);
};

class GuardedRouteTest : public ::testing::Test {
 protected:
  GuardedRouteTest() {
    HttpAccess access{.guarded = {"/metrics"}, .guard = std::make_unique<SlowGuard>()};
    guard_ = static_cast<SlowGuard*>(access.guard.get());
    auto server = HttpServer::Start({.address = "127.0.0.1:0"},
                                    {{"/healthz", [] { return HttpReply{.body = "ok\n"}; }},
                                     {"/metrics", [] { return HttpReply{.body = "ballast 1\n"}; }}},
                                    std::move(access));
    EXPECT_TRUE(server.ok()) << server.status();
    server_ = *std::move(server);
  }
  std::string Ask(const std::string& path, const std::string& headers = "") const {
    return Exchange(server_->port(), StrCat("GET ", path, " HTTP/1.0\r\n", headers, "\r\n"));
  }

  SlowGuard* guard_ = nullptr;  // of `server_`
  std::unique_ptr<HttpServer> server_;
};

TEST_F(GuardedRouteTest, TheVerdictBecomesTheAnswer) {
  const struct {
    Status verdict;
    std::string code;
  } rows[] = {
      {OkStatus(), "200"},           {Unauthenticated("who?"), "401"},       {PermissionDenied("no"), "403"},
      {Unavailable("later"), "503"}, {ResourceExhausted("too many"), "503"}, {Cancelled("stopping"), "503"},
  };
  for (const auto& row : rows) {
    guard_->Know("Bearer t", row.verdict);
    const std::string answer = Ask("/metrics?x=1", "Authorization: Bearer t\r\n");
    EXPECT_THAT(answer, StartsWith("HTTP/1.0 " + row.code)) << row.verdict;
    const std::string body = row.verdict.ok() ? "ballast 1" : row.verdict.message();
    EXPECT_TRUE(answer.ends_with(StrCat("\r\n\r\n", body, "\n"))) << answer;
    EXPECT_EQ(answer.find("\r\nWWW-Authenticate: Bearer\r\n") != std::string::npos, row.code == "401") << answer;
  }
}

TEST_F(GuardedRouteTest, WhileItThinksEverythingElseIsAnswered) {
  const UniqueFd waits = Connect(server_->port());
  Send(waits, "GET /metrics HTTP/1.0\r\n\r\n");
  const auto decides = guard_->Waiting(1);
  EXPECT_THAT(Ask("/healthz"), StartsWith("HTTP/1.0 200"));
  guard_->Know("Bearer t", OkStatus());
  EXPECT_THAT(Ask("/metrics", "Authorization: Bearer t\r\n"), StartsWith("HTTP/1.0 200"));
  decides[0](PermissionDenied("no"));
  EXPECT_THAT(ReceiveAll(waits), StartsWith("HTTP/1.0 403"));
}

TEST_F(GuardedRouteTest, OneConnectionIsDecidedAnewForEachRequest) {
  guard_->Know("Bearer t", OkStatus());
  guard_->Know("Bearer u", Unauthenticated("who?"));
  const std::string answer = Exchange(server_->port(),
                                      "GET /metrics HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer t\r\n\r\n"
                                      "GET /metrics HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer u\r\n\r\n"
                                      "GET /healthz HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
  EXPECT_THAT(answer, StartsWith("HTTP/1.1 200"));
  EXPECT_THAT(answer, HasSubstr("HTTP/1.1 401"));
  EXPECT_TRUE(answer.ends_with("ok\n"));
}

TEST_F(GuardedRouteTest, ItSeesAllThatWasShownAndIsAskedForItsPathsOnly) {
  guard_->Know("a", Unauthenticated("one header"));
  EXPECT_THAT(Ask("/metrics", "Authorization: a\r\nauthorization: b\r\n"), StartsWith("HTTP/1.0 401"));
  EXPECT_THAT(Ask("/healthz", "Authorization: a\r\n"), StartsWith("HTTP/1.0 200"));
  EXPECT_THAT(Ask("/", "Authorization: a\r\n"), StartsWith("HTTP/1.0 404"));
  EXPECT_THAT(Exchange(server_->port(), "POST /metrics HTTP/1.0\r\nAuthorization: a\r\n\r\n"),
              StartsWith("HTTP/1.0 405"));
  EXPECT_EQ(guard_->seen(), (std::vector<SlowGuard::Values>{{"a", "b"}}));
}

TEST_F(GuardedRouteTest, AServerThatStopsLeavesNobodyWaiting) {
  const UniqueFd first = Connect(server_->port());
  const UniqueFd second = Connect(server_->port());
  Send(first, "GET /metrics HTTP/1.0\r\n\r\n");
  const auto decides = guard_->Waiting(1);
  Send(second, "GET /metrics HTTP/1.0\r\n\r\n");
  while (guard_->seen().size() < 2) std::this_thread::yield();
  server_.reset();
  EXPECT_EQ(ReceiveAll(first), "");
  EXPECT_EQ(ReceiveAll(second), "");
}

TEST(ParseListenAddressTest, AcceptsBothFamilies) {
  EXPECT_EQ(ParseListenAddress("127.0.0.1:9420").value(), (HostPort{"127.0.0.1", 9420}));
  EXPECT_EQ(ParseListenAddress("[::1]:0").value(), (HostPort{"::1", 0}));
}

TEST(ParseListenAddressTest, RefusesWhatIsNoAddress) {
  for (const char* bad :
       {"", ":", "9420", "127.0.0.1", "127.0.0.1:", "127.0.0.1:70000", "::1:80", "[127.0.0.1]:80", "host:80"}) {
    EXPECT_EQ(ParseListenAddress(bad).status().code(), StatusCode::kInvalidArgument) << bad;
  }
}

}  // namespace
}  // namespace ballast
