#include "origin/testing/hub_listener.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <cerrno>
#include <csignal>
#include <cstring>

#include "base/errno_status.h"
#include "base/logging.h"
#include "base/strings.h"

namespace ballast::hub {
namespace {

struct Name {
  sockaddr_storage storage{};
  socklen_t size = 0;  // 0: no address
};

Name ParseName(const std::string& address, uint16_t port) {
  Name name;
  sockaddr_in v4{.sin_family = AF_INET, .sin_port = htons(port)};
  sockaddr_in6 v6{.sin6_family = AF_INET6, .sin6_port = htons(port)};
  if (inet_pton(AF_INET, address.c_str(), &v4.sin_addr) == 1) {
    name.size = sizeof v4;
    std::memcpy(&name.storage, &v4, sizeof v4);
  } else if (inet_pton(AF_INET6, address.c_str(), &v6.sin6_addr) == 1) {
    name.size = sizeof v6;
    std::memcpy(&name.storage, &v6, sizeof v6);
  }
  return name;
}

uint16_t PortOf(const Name& name) {
  sockaddr_in v4;  // the port lies at the same place in sockaddr_in6
  std::memcpy(&v4, &name.storage, sizeof v4);
  return ntohs(v4.sin_port);
}

Status Unlistenable(const std::string& address, uint16_t port) {
  Status cause = ErrnoStatus(errno, StrCat("the hub stand-in cannot listen on ", address, " port ", port));
  return Unavailable(cause.message());
}

void BlockSigpipe() {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGPIPE);
  pthread_sigmask(SIG_BLOCK, &set, nullptr);
}

}  // namespace

Result<std::unique_ptr<Listener>> Listener::Start(const std::string& address, uint16_t port,
                                                  std::shared_ptr<const TlsContext> tls, Serve serve) {
  Name name = ParseName(address, port);
  if (name.size == 0) {
    return InvalidArgument(StrCat("the hub stand-in listens on an IPv4 or IPv6 address, not ", Quoted(address)));
  }
  UniqueFd socket(::socket(name.storage.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0));
  int on = 1;
  ::setsockopt(socket.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  auto* generic = reinterpret_cast<sockaddr*>(&name.storage);
  if (::bind(socket.get(), generic, name.size) != 0 || ::listen(socket.get(), 1024) != 0 ||
      ::getsockname(socket.get(), generic, &name.size) != 0) {
    return Unlistenable(address, port);
  }
  return std::unique_ptr<Listener>(new Listener(std::move(socket), PortOf(name), std::move(tls), std::move(serve)));
}

Listener::Listener(UniqueFd socket, uint16_t port, std::shared_ptr<const TlsContext> tls, Serve serve)
    : socket_(std::move(socket)), port_(port), tls_(std::move(tls)), serve_(std::move(serve)) {
  thread_ = std::jthread([this] { Accept(); });
}

Listener::~Listener() { Stop(); }

void Listener::Stop() {
  ::shutdown(socket_.get(), SHUT_RDWR);  // wakes accept()
  {
    MutexLock lock(mutex_);
    stopping_ = true;
    for (Session& session : sessions_) session.connection.Shutdown();
  }
  if (thread_.joinable()) thread_.join();
  std::list<Session> last;
  {
    MutexLock lock(mutex_);
    last.swap(sessions_);
  }
}

void Listener::Accept() {
  while (true) {
    UniqueFd socket(::accept4(socket_.get(), nullptr, nullptr, SOCK_CLOEXEC));
    if (socket.valid()) {
      Begin(std::move(socket));
    } else if (errno != EINTR && errno != ECONNABORTED) {
      if (errno != EINVAL) PLOG(ERROR) << "the hub stand-in takes no more connections";  // EINVAL: Stop
      return;
    }
  }
}

void Listener::Begin(UniqueFd socket) {
  MutexLock lock(mutex_);
  if (stopping_) return;
  sessions_.remove_if([](const Session& session) { return session.done; });
  Session& session = sessions_.emplace_back(std::move(socket), tls_);
  session.thread = std::jthread([this, &session] { Run(session); });
}

void Listener::Run(Session& session) {
  BlockSigpipe();
  if (session.connection.Handshake()) serve_(session.connection);
  MutexLock lock(mutex_);
  session.connection.Close();
  session.done = true;
}

}  // namespace ballast::hub
