// One TCP connection that never blocks, with TLS on it or without.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>

#include "base/status.h"
#include "base/unique_fd.h"
#include "identity/tls_session.h"

namespace ballast {

// Of one thread at a time, but for Shutdown().
class Wire {
 public:
  // What must be waited for before the same call can go on.
  enum class Want : uint8_t { kNothing, kRead, kWrite };
  // `bytes` is 0 only where something is wanted.
  struct Moved {
    size_t bytes = 0;
    Want want = Want::kNothing;
  };

  // `socket` must be non-blocking.
  explicit Wire(UniqueFd socket) : socket_(std::move(socket)) {}

  // From here on it speaks TLS. Handshake() must end before anything is read or written.
  Status StartTls(TlsSession session);
  Result<Want> Handshake();

  // All errors: Unavailable where the connection ended or broke, Unauthenticated or PermissionDenied where TLS says so.
  Result<Moved> Read(std::span<std::byte> into);
  // Where bytes follow at once, `more` lets the system fill its packets.
  Result<Moved> Write(std::span<const std::byte> bytes, bool more);
  // Without TLS only: of a file, from `offset` on. DataLoss: the file ends before. The caller's thread blocks SIGPIPE.
  Result<Moved> SendFile(int file, uint64_t offset, size_t bytes);

  // Who waits to read is woken when so many bytes have come (and where the connection ends): at least as many must be
  // on their way.
  void WakeAt(size_t bytes);

  // Nothing is received any more, nothing sent; who waits for it wakes. From any thread while the Wire lives.
  void Shutdown() const;
  // We have said all: the other side hears the end behind it.
  void EndWriting() const;

  // It will not listen any more. Not seen while there is something of it to read.
  bool OtherSideLeft() const;

  int fd() const { return socket_.get(); }
  bool has_tls() const { return tls_.has_value(); }
  // Who the other side is; empty without TLS and before the handshake.
  std::string PeerNode() const;
  // Not everything that was received has been read.
  bool HoldsUnread() const;

 private:
  Result<Want> Wanted(int returned, std::string_view action);

  UniqueFd socket_;
  size_t wake_at_ = 1;
  std::optional<TlsSession> tls_;  // last: it writes to the socket
};

}  // namespace ballast
