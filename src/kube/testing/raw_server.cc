#include "kube/testing/raw_server.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <utility>

#include "base/check.h"
#include "base/strings.h"

namespace ballast {
namespace {

// Until `fd` can be read. False: `wake` can.
bool AwaitReadable(int fd, int wake) {
  std::array<pollfd, 2> both{pollfd{fd, POLLIN, 0}, pollfd{wake, POLLIN, 0}};
  BALLAST_CHECK(::poll(both.data(), both.size(), -1) > 0) << "poll";
  return both[1].revents == 0;
}

}  // namespace

RawServer::RawServer(std::string answer, bool hold)
    : answer_(std::move(answer)),
      hold_(hold),
      listener_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)),
      wake_(::eventfd(0, EFD_CLOEXEC)) {
  sockaddr_in address{.sin_family = AF_INET, .sin_port = 0, .sin_addr = {htonl(INADDR_LOOPBACK)}};
  socklen_t size = sizeof(address);
  BALLAST_CHECK(::bind(listener_.get(), reinterpret_cast<sockaddr*>(&address), size) == 0) << "bind";
  BALLAST_CHECK(::listen(listener_.get(), 16) == 0) << "listen";
  BALLAST_CHECK(::getsockname(listener_.get(), reinterpret_cast<sockaddr*>(&address), &size) == 0) << "getsockname";
  port_ = ntohs(address.sin_port);
  thread_ = std::jthread([this](const std::stop_token& stop) { Serve(stop); });
}

RawServer::~RawServer() {
  thread_.request_stop();
  BALLAST_CHECK(::eventfd_write(wake_.get(), 1) == 0) << "eventfd_write";
}

std::string RawServer::url() const { return StrCat("http://127.0.0.1:", port_); }

std::string RawServer::AwaitRequest() {
  MutexLock lock(mutex_);
  while (request_.empty()) changed_.Wait(mutex_);
  return request_;
}

void RawServer::Serve(const std::stop_token& stop) {
  while (!stop.stop_requested() && AwaitReadable(listener_.get(), wake_.get())) {
    const UniqueFd connection(::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC));
    if (connection.get() >= 0) Answer(connection.get(), stop);
  }
}

void RawServer::Answer(int connection, const std::stop_token& stop) {
  if (!AwaitReadable(connection, wake_.get())) return;
  std::array<char, 4096> bytes{};
  const ssize_t got = ::recv(connection, bytes.data(), bytes.size(), 0);
  if (got <= 0) return;
  {
    MutexLock lock(mutex_);
    request_.append(bytes.data(), static_cast<size_t>(got));
    changed_.NotifyAll();
  }
  size_t sent = 0;
  while (sent < answer_.size()) {
    const ssize_t n = ::send(connection, answer_.data() + sent, answer_.size() - sent, MSG_NOSIGNAL);
    if (n <= 0) return;
    sent += static_cast<size_t>(n);
  }
  // What the client says or does after the answer, its end included, is passed over.
  while (hold_ && !stop.stop_requested() && AwaitReadable(connection, wake_.get())) {
    if (::recv(connection, bytes.data(), bytes.size(), 0) <= 0) return;
  }
}

}  // namespace ballast
