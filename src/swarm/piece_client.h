// Fetches pieces of blobs from other nodes' piece servers, over connections that it keeps. PROTOCOL.md has what is
// said.
#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <stop_token>

#include "base/clock.h"
#include "base/stall_watch.h"
#include "base/status.h"
#include "core/digest.h"
#include "core/piece_map.h"
#include "swarm/member.h"
#include "swarm/tls_provider.h"

namespace ballast {

struct PieceClientOptions {
  bool plaintext = false;  // no TLS: anybody could be at the other end
  Duration connect = std::chrono::seconds(3);
  Duration handshake = std::chrono::seconds(5);
  Duration first_byte = std::chrono::seconds(10);  // from the request to the end of the answer's head
  StallLimits sender{std::chrono::seconds(5), std::chrono::seconds(10), 16 << 10};  // what a sender must bring
  size_t idle_per_node = 8;
  size_t idle_in_all = 128;
  Duration idle = std::chrono::seconds(30);  // less than the server's, so that we close first
};

// Thread-safe. A connection is used by one caller at a time; there are as many as callers. One thread closes those that
// nobody has used for long.
class PieceClient {
 public:
  // `clock` must outlive it; `tls` may be empty with `plaintext`.
  PieceClient(const PieceClientOptions& options, const Clock& clock, TlsProvider tls);
  // Nobody may be in Read().
  ~PieceClient();
  PieceClient(const PieceClient&) = delete;
  PieceClient& operator=(const PieceClient&) = delete;

  // Fills `into` with the bytes of `blob` at `range`, which has into.size() bytes: 1 to kMaxRequestBytes. They are not
  // checked. Blocks. Every error names the node. Unavailable: no connection, or it broke, or what came is no answer;
  // ResourceExhausted: it is busy; NotFound: it does not have them; DeadlineExceeded: it sends too slowly to go on;
  // PermissionDenied, Unauthenticated: it does not let us, or is not that node; FailedPrecondition: we have no
  // certificate; Cancelled. Of what is in `into` after an error nothing is certain.
  Status Read(const Member& node, const Digest& blob, ByteRange range, std::span<std::byte> into, std::stop_token stop);

  size_t idle_connections() const;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace ballast
