// TCP sockets, non-blocking all of them.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/status.h"
#include "base/unique_fd.h"

namespace ballast {

// Listens on `host`, an address without brackets ("::" takes IPv4 too); port 0 takes a free one. An address that was in
// use a moment ago can be had again at once. InvalidArgument: no address; Unavailable, PermissionDenied.
Result<UniqueFd> ListenTcp(const std::string& host, uint16_t port);
uint16_t LocalPort(int socket);

struct AcceptedTcp {
  UniqueFd socket;
  std::string address;  // where it comes from, without the port
};
// nullopt: nobody waits. ResourceExhausted: no descriptor is left.
Result<std::optional<AcceptedTcp>> AcceptTcp(int listening);

// A socket that is on its way to being connected: it is when it becomes writable and TcpError() is OK.
struct TcpAddress;
class TcpTargets {
 public:
  // The addresses of a host name or address. Unavailable: the name is not known now. May block where it is a name.
  static Result<TcpTargets> Of(const std::string& host, uint16_t port);
  TcpTargets(TcpTargets&&) noexcept;
  ~TcpTargets();

  size_t size() const;
  // Unavailable: it fails at once.
  Result<UniqueFd> BeginConnect(size_t index) const;

 private:
  TcpTargets();
  std::vector<TcpAddress> addresses_;
};

// What became of a connection that was begun. Unavailable: it was refused, or broke.
Status TcpError(int socket);

}  // namespace ballast
