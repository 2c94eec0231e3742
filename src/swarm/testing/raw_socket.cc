#include "swarm/testing/raw_socket.h"

#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>

#include <algorithm>

#include "base/check.h"

namespace ballast {
namespace {

constexpr int kPatienceSeconds = 60;  // then the test is wrong, and fails
constexpr int kMomentMilliseconds = 5;

sockaddr_in Loopback(uint16_t port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return address;
}

UniqueFd Socket() {
  UniqueFd socket(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  BALLAST_CHECK(socket.valid()) << "socket: errno " << errno;
  const timeval patience{kPatienceSeconds, 0};
  ::setsockopt(socket.get(), SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  return socket;
}

RawSocket Connected(UniqueFd socket, uint16_t port) {
  const sockaddr_in address = Loopback(port);
  BALLAST_CHECK(::connect(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0)
      << "connect: errno " << errno;
  return RawSocket(std::move(socket));
}

}  // namespace

RawSocket RawSocket::To(uint16_t port) { return Connected(Socket(), port); }

RawSocket RawSocket::NarrowTo(uint16_t port) {
  UniqueFd socket = Socket();
  const int size = 4096;
  ::setsockopt(socket.get(), SOL_SOCKET, SO_RCVBUF, &size, sizeof size);
  return Connected(std::move(socket), port);
}

void RawSocket::Send(std::string_view bytes) const {
  static_cast<void>(::send(socket_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL | MSG_DONTWAIT));
}

std::string RawSocket::Receive(size_t count) const {
  std::string bytes;
  char block[4096];
  while (bytes.size() < count) {
    const ssize_t got = ::recv(socket_.get(), block, std::min(sizeof block, count - bytes.size()), 0);
    if (got <= 0) break;
    bytes.append(block, static_cast<size_t>(got));
  }
  return bytes;
}

bool RawSocket::HasInput() const {
  pollfd wait{socket_.get(), POLLIN, 0};
  return ::poll(&wait, 1, kMomentMilliseconds) > 0;
}

void RawSocket::Abort() {
  const linger now{1, 0};
  ::setsockopt(socket_.get(), SOL_SOCKET, SO_LINGER, &now, sizeof now);
  socket_.Reset();
}

RawListener::RawListener() : socket_(Socket()) {
  sockaddr_in address = Loopback(0);
  socklen_t size = sizeof address;
  BALLAST_CHECK(::bind(socket_.get(), reinterpret_cast<sockaddr*>(&address), size) == 0 &&
                ::listen(socket_.get(), 16) == 0 &&
                ::getsockname(socket_.get(), reinterpret_cast<sockaddr*>(&address), &size) == 0);
  port_ = ntohs(address.sin_port);
}

RawSocket RawListener::Accept() const {
  UniqueFd socket(::accept4(socket_.get(), nullptr, nullptr, SOCK_CLOEXEC));
  BALLAST_CHECK(socket.valid()) << "accept: errno " << errno;
  const timeval patience{kPatienceSeconds, 0};
  ::setsockopt(socket.get(), SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  return RawSocket(std::move(socket));
}

}  // namespace ballast
