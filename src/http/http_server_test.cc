#include "http/http_server.h"

#include <arpa/inet.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>

#include <vector>

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

std::string Exchange(uint16_t port, const std::string& request) {
  const UniqueFd fd = Connect(port);
  EXPECT_EQ(::send(fd.get(), request.data(), request.size(), MSG_NOSIGNAL), static_cast<ssize_t>(request.size()));
  std::string answer;
  char buffer[4096];
  for (ssize_t n; (n = ::recv(fd.get(), buffer, sizeof buffer, 0)) > 0;) answer.append(buffer, static_cast<size_t>(n));
  return answer;
}

class HttpServerTest : public ::testing::Test {
 protected:
  std::unique_ptr<HttpServer> Start(const HttpServerOptions& options = {.address = "127.0.0.1:0"}) {
    auto server = HttpServer::Start(options, {{"/healthz", [] { return HttpAnswer{.body = "ok\n"}; }}});
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
