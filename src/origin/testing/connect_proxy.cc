#include "origin/testing/connect_proxy.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>

#include <array>
#include <list>
#include <thread>

#include "base/check.h"
#include "base/mutex.h"
#include "base/strings.h"
#include "base/unique_fd.h"

namespace ballast {
namespace {

sockaddr_in Loopback(uint16_t port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return address;
}

// Waits for `fd` or for the end; false at the end. `quit` becomes readable then.
bool AwaitReadable(int fd, int quit) {
  std::array<pollfd, 2> fds = {{{fd, POLLIN, 0}, {quit, POLLIN, 0}}};
  return poll(fds.data(), fds.size(), -1) > 0 && fds[1].revents == 0;
}

bool SendAll(int fd, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t sent = send(fd, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent <= 0) return false;
    bytes.remove_prefix(static_cast<size_t>(sent));
  }
  return true;
}

bool Forward(int from, int to) {
  std::array<char, 65536> buffer;
  const ssize_t got = recv(from, buffer.data(), buffer.size(), 0);
  return got > 0 && SendAll(to, {buffer.data(), static_cast<size_t>(got)});
}

void Tunnel(int client, int server, int quit) {
  while (true) {
    std::array<pollfd, 3> fds = {{{client, POLLIN, 0}, {server, POLLIN, 0}, {quit, POLLIN, 0}}};
    if (poll(fds.data(), fds.size(), -1) <= 0 || fds[2].revents != 0) return;
    if (fds[0].revents != 0 && !Forward(client, server)) return;
    if (fds[1].revents != 0 && !Forward(server, client)) return;
  }
}

// Any 127.x.y.z of the target stands for itself; a name stands for 127.0.0.1.
UniqueFd Dial(const std::string& target) {
  const size_t colon = target.rfind(':');
  sockaddr_in address = Loopback(static_cast<uint16_t>(std::stoi(target.substr(colon + 1))));
  inet_pton(AF_INET, target.substr(0, colon).c_str(), &address.sin_addr);
  UniqueFd fd(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (connect(fd.get(), reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) fd.Reset();
  return fd;
}

}  // namespace

class ConnectProxy::Impl {
 public:
  explicit Impl(int refuse_with) : refuse_with_(refuse_with) {
    std::array<int, 2> ends{};
    BALLAST_CHECK(pipe(ends.data()) == 0);
    quit_read_ = UniqueFd(ends[0]);
    quit_write_ = UniqueFd(ends[1]);
    sockaddr_in address = Loopback(0);
    socklen_t size = sizeof address;
    BALLAST_CHECK(bind(listener_.get(), reinterpret_cast<sockaddr*>(&address), size) == 0);
    BALLAST_CHECK(listen(listener_.get(), 64) == 0);
    getsockname(listener_.get(), reinterpret_cast<sockaddr*>(&address), &size);
    port_ = ntohs(address.sin_port);
    acceptor_ = std::jthread([this] { Accept(); });
  }
  ~Impl() {
    quit_write_.Reset();  // the read end is readable for good
    acceptor_.join();
  }
  Impl(const Impl&) = delete;
  Impl& operator=(const Impl&) = delete;

  uint16_t port() const { return port_; }
  std::vector<std::string> targets() const {
    MutexLock lock(mutex_);
    return targets_;
  }
  std::string heads() const {
    MutexLock lock(mutex_);
    return heads_;
  }

 private:
  void Accept() {
    std::list<std::jthread> connections;
    while (AwaitReadable(listener_.get(), quit_read_.get())) {
      UniqueFd client(accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC));
      if (client.valid()) {
        connections.emplace_back([this, fd = std::move(client)] { Serve(fd.get()); });
      }
    }
  }

  void Serve(int client) {
    const std::string head = ReadHead(client);
    const size_t end = head.find(' ', 8);
    if (!head.starts_with("CONNECT ") || end == std::string::npos) return;
    const std::string target = head.substr(8, end - 8);
    Remember(target, head);
    const UniqueFd server = refuse_with_ == 0 ? Dial(target) : UniqueFd();
    const int status = refuse_with_ != 0 ? refuse_with_ : server.valid() ? 200 : 502;
    if (SendAll(client, StrCat("HTTP/1.1 ", status, " Proxy\r\n\r\n")) && status == 200) {
      Tunnel(client, server.get(), quit_read_.get());
    }
  }

  std::string ReadHead(int client) {
    std::string head;
    char byte = 0;
    while (!head.ends_with("\r\n\r\n") && AwaitReadable(client, quit_read_.get()) && recv(client, &byte, 1, 0) == 1) {
      head += byte;
    }
    return head;
  }

  void Remember(const std::string& target, const std::string& head) EXCLUDES(mutex_) {
    MutexLock lock(mutex_);
    targets_.push_back(target);
    heads_ += head;
  }

  const int refuse_with_;
  UniqueFd listener_{socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)};
  UniqueFd quit_read_;
  UniqueFd quit_write_;
  uint16_t port_ = 0;
  mutable Mutex mutex_;
  std::vector<std::string> targets_ GUARDED_BY(mutex_);
  std::string heads_ GUARDED_BY(mutex_);
  std::jthread acceptor_;
};

ConnectProxy::ConnectProxy(int refuse_with) : impl_(std::make_unique<Impl>(refuse_with)) {}

ConnectProxy::~ConnectProxy() = default;

std::string ConnectProxy::url() const { return StrCat("http://127.0.0.1:", impl_->port()); }

std::vector<std::string> ConnectProxy::targets() const { return impl_->targets(); }

std::string ConnectProxy::heads() const { return impl_->heads(); }

}  // namespace ballast
