// Serves pieces of blobs to other nodes: HTTP/1.1 over TLS on sockets of our own. PROTOCOL.md has what is said.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <stop_token>
#include <string>

#include "base/clock.h"
#include "base/stall_watch.h"
#include "base/status.h"
#include "swarm/connection_book.h"
#include "swarm/served_blob.h"
#include "swarm/tls_provider.h"
#include "swarm/upload_queue.h"

namespace ballast {

// Before each chunk is sent: waits until `bytes` may go out (the token bucket), or says why the answer must end. Called
// by several threads at once.
using UploadGate = std::function<Status(uint64_t bytes, std::stop_token stop)>;

struct PieceServerOptions {
  std::string host = "0.0.0.0";  // an address of this machine, without brackets
  uint16_t port = 0;             // 0: a free one
  bool plaintext = false;        // no TLS, and anybody may ask
  int threads = 16;              // answers at once
  ConnectionLimits connections;
  UploadLimits uploads;
  Duration handshake = std::chrono::seconds(10);   // from the connection to its end; without TLS: to the first request
  Duration head = std::chrono::seconds(10);        // from the first byte of a request to its last
  Duration idle = std::chrono::seconds(60);        // from an answer to the next request
  Duration first_byte = std::chrono::seconds(2);   // for bytes that are still to come, before the answer begins
  Duration next_bytes = std::chrono::seconds(10);  // and after that
  // What a receiver must take.
  StallLimits receiver{std::chrono::seconds(10), std::chrono::seconds(10), 16 << 10};
};

// What it works with. All must outlive the server; the functions are called by threads of its own, several at once.
struct PieceServerParts {
  BlobProvider& blobs;
  const Clock& clock;
  TlsProvider tls;  // may be empty with `plaintext`
  AdmitPeer admit;  // asked in the handshake and at each request
  UploadGate gate;  // empty: no limit
};

// At one moment, since the start.
struct PieceServerCounters {
  size_t connections = 0;
  size_t strangers = 0;                        // of them: who they are is not known yet
  size_t active = 0;                           // answers that are being sent
  size_t waiting = 0;                          // requests in line
  uint64_t handshake_failures = 0;             // TLS refused them, or they us
  uint64_t dropped = 0;                        // connections closed for want of room, or because their time was over
  uint64_t cut = 0;                            // answers that ended before their last byte
  std::map<int, uint64_t> refused;             // by HTTP status
  std::map<std::string, uint64_t> sent_bytes;  // by node; without TLS all under ""
};

// Thread-safe. One thread owns listening, handshakes, heads of requests and idle connections; `threads` others send.
// The destructor cuts what is under way and waits for them.
class PieceServer {
 public:
  // InvalidArgument: a host that is no address; Unavailable, PermissionDenied: it can't be listened on.
  static Result<std::unique_ptr<PieceServer>> Start(const PieceServerOptions& options, PieceServerParts parts);
  ~PieceServer();
  PieceServer(const PieceServer&) = delete;
  PieceServer& operator=(const PieceServer&) = delete;

  uint16_t port() const;
  // Answers that are being sent and requests in line: what Next::uploads says.
  uint32_t uploads() const;
  PieceServerCounters Counters() const;

 private:
  class Impl;
  explicit PieceServer(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace ballast
