#include "swarm/tcp.h"

#include <arpa/inet.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <cerrno>
#include <cstring>
#include <memory>

#include "base/errno_status.h"
#include "base/strings.h"

namespace ballast {

struct TcpAddress {
  sockaddr_storage bytes{};
  socklen_t size = 0;

  const sockaddr* get() const { return reinterpret_cast<const sockaddr*>(&bytes); }
  sockaddr* get() { return reinterpret_cast<sockaddr*>(&bytes); }
};

namespace {

constexpr int kBacklog = 4096;  // the system takes less where net.core.somaxconn says so

struct FreeAddresses {
  void operator()(addrinfo* list) const { ::freeaddrinfo(list); }
};

Result<std::vector<TcpAddress>> LookUp(const std::string& host, uint16_t port, int flags) {
  addrinfo hints{};
  hints.ai_flags = flags | AI_NUMERICSERV;
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  const int error = ::getaddrinfo(host.c_str(), std::to_string(port).c_str(), &hints, &found);
  const std::unique_ptr<addrinfo, FreeAddresses> list(found);
  if (error != 0) return Unavailable(StrCat("look ", Quoted(host), " up: ", ::gai_strerror(error)));
  std::vector<TcpAddress> addresses;
  for (const addrinfo* at = list.get(); at != nullptr; at = at->ai_next) {
    TcpAddress address;
    std::memcpy(&address.bytes, at->ai_addr, at->ai_addrlen);
    address.size = at->ai_addrlen;
    addresses.push_back(address);
  }
  return addresses;
}

void Set(int socket, int level, int option, int value) {
  ::setsockopt(socket, level, option, &value, sizeof value);  // where it is refused, all works, only slower
}

Result<UniqueFd> NewSocket(const TcpAddress& address) {
  UniqueFd socket(::socket(address.bytes.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!socket.valid()) return ErrnoStatus(errno, "make a socket");
  return socket;
}

std::string Text(const TcpAddress& address) {
  char host[NI_MAXHOST] = "";
  if (::getnameinfo(address.get(), address.size, host, sizeof host, nullptr, 0, NI_NUMERICHOST) != 0) return "?";
  return host;
}

}  // namespace

Result<UniqueFd> ListenTcp(const std::string& host, uint16_t port) {
  const auto addresses = LookUp(host, port, AI_NUMERICHOST | AI_PASSIVE);
  if (!addresses.ok()) return InvalidArgument(StrCat(Quoted(host), " is no address to listen on"));
  const TcpAddress& address = addresses->front();
  ASSIGN_OR_RETURN(UniqueFd socket, NewSocket(address));
  Set(socket.get(), SOL_SOCKET, SO_REUSEADDR, 1);
  if (address.bytes.ss_family == AF_INET6) Set(socket.get(), IPPROTO_IPV6, IPV6_V6ONLY, 0);
  if (::bind(socket.get(), address.get(), address.size) == 0 && ::listen(socket.get(), kBacklog) == 0) return socket;
  const int error = errno;
  const std::string what = StrCat("listen on ", host, " port ", port);
  return error == EADDRINUSE ? Unavailable(StrCat(what, ": another process does")) : ErrnoStatus(error, what);
}

uint16_t LocalPort(int socket) {
  TcpAddress address;
  address.size = sizeof address.bytes;
  ::getsockname(socket, address.get(), &address.size);
  sockaddr_in in{};
  std::memcpy(&in, &address.bytes, sizeof in);  // the port is at the same place in both families
  return ntohs(in.sin_port);
}

Result<std::optional<AcceptedTcp>> AcceptTcp(int listening) {
  TcpAddress from;
  from.size = sizeof from.bytes;
  UniqueFd socket(::accept4(listening, from.get(), &from.size, SOCK_NONBLOCK | SOCK_CLOEXEC));
  if (socket.valid()) {
    Set(socket.get(), IPPROTO_TCP, TCP_NODELAY, 1);
    return std::optional(AcceptedTcp{std::move(socket), Text(from)});
  }
  switch (errno) {
    case EMFILE:
    case ENFILE:
    case ENOBUFS:
    case ENOMEM:
      return ResourceExhausted(ErrnoStatus(errno, "accept a connection").message());
    default:  // nobody is there, or who was has gone again
      return std::optional<AcceptedTcp>();
  }
}

TcpTargets::TcpTargets() = default;
TcpTargets::TcpTargets(TcpTargets&&) noexcept = default;
TcpTargets::~TcpTargets() = default;

size_t TcpTargets::size() const { return addresses_.size(); }

Result<TcpTargets> TcpTargets::Of(const std::string& host, uint16_t port) {
  TcpTargets targets;
  auto addresses = LookUp(host, port, AI_NUMERICHOST);
  if (!addresses.ok()) addresses = LookUp(host, port, AI_ADDRCONFIG);
  ASSIGN_OR_RETURN(targets.addresses_, std::move(addresses));
  return targets;
}

Result<UniqueFd> TcpTargets::BeginConnect(size_t index) const {
  const TcpAddress& address = addresses_[index];
  ASSIGN_OR_RETURN(UniqueFd socket, NewSocket(address));
  Set(socket.get(), IPPROTO_TCP, TCP_NODELAY, 1);
  if (::connect(socket.get(), address.get(), address.size) == 0 || errno == EINPROGRESS) return socket;
  return Unavailable(ErrnoStatus(errno, StrCat("connect to ", Text(address))).message());
}

Status TcpError(int socket) {
  int error = 0;
  socklen_t size = sizeof error;
  ::getsockopt(socket, SOL_SOCKET, SO_ERROR, &error, &size);
  return error == 0 ? OkStatus() : Unavailable(ErrnoStatus(error, "connect").message());
}

}  // namespace ballast
