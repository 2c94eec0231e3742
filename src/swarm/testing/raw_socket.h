// A TCP connection of a test, which says what it likes.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include "base/unique_fd.h"

namespace ballast {

class RawSocket {
 public:
  explicit RawSocket(UniqueFd socket) : socket_(std::move(socket)) {}
  // To a port on loopback. Crashes where nobody listens.
  static RawSocket To(uint16_t port);
  // The same with a tiny receive buffer.
  static RawSocket NarrowTo(uint16_t port);

  // Without waiting; what does not fit is lost.
  void Send(std::string_view bytes) const;
  // Until `count` bytes or the end have come.
  std::string Receive(size_t count) const;
  std::string ReceiveAll() const { return Receive(SIZE_MAX); }
  // Something, the end too, can be read within a moment.
  bool HasInput() const;
  void Close() { socket_.Reset(); }
  // The other side gets a reset.
  void Abort();

  int fd() const { return socket_.get(); }

 private:
  UniqueFd socket_;
};

// A listening socket on loopback that accepts when a test says so.
class RawListener {
 public:
  RawListener();
  uint16_t port() const { return port_; }
  // Waits for a connection.
  RawSocket Accept() const;

 private:
  UniqueFd socket_;
  uint16_t port_;
};

}  // namespace ballast
