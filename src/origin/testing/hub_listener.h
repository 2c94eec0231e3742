// A listening socket with a thread of its own for it and for each connection.
#pragma once

#include <cstdint>
#include <functional>
#include <list>
#include <memory>
#include <string>
#include <thread>

#include "base/mutex.h"
#include "base/status.h"
#include "base/unique_fd.h"
#include "origin/testing/hub_connection.h"

namespace ballast::hub {

class Listener {
 public:
  // Serves one connection until it is over; called on its thread, where SIGPIPE is blocked.
  using Serve = std::function<void(Connection&)>;

  // `address` is IPv4 or IPv6. Port 0: a free one. Unavailable if the address cannot be listened on.
  static Result<std::unique_ptr<Listener>> Start(const std::string& address, uint16_t port,
                                                 std::shared_ptr<const TlsContext> tls, Serve serve);
  ~Listener();
  Listener(const Listener&) = delete;
  Listener& operator=(const Listener&) = delete;

  uint16_t port() const { return port_; }
  // Breaks all connections and waits for their threads. A Serve that waits for something else must be woken first.
  void Stop();

 private:
  struct Session {
    Session(UniqueFd socket, std::shared_ptr<const TlsContext> tls) : connection(std::move(socket), std::move(tls)) {}
    Connection connection;
    bool done = false;  // under mutex_
    std::jthread thread;
  };

  Listener(UniqueFd socket, uint16_t port, std::shared_ptr<const TlsContext> tls, Serve serve);
  void Accept();
  void Begin(UniqueFd socket) EXCLUDES(mutex_);
  void Run(Session& session) EXCLUDES(mutex_);

  const UniqueFd socket_;
  const uint16_t port_;
  const std::shared_ptr<const TlsContext> tls_;
  const Serve serve_;
  Mutex mutex_;
  bool stopping_ GUARDED_BY(mutex_) = false;
  std::list<Session> sessions_ GUARDED_BY(mutex_);
  std::jthread thread_;
};

}  // namespace ballast::hub
