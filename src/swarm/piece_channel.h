// One connection to another node's piece server, and one request on it.
#pragma once

#include <memory>
#include <span>
#include <stop_token>
#include <string>

#include "base/clock.h"
#include "swarm/piece_client.h"
#include "swarm/piece_request.h"
#include "swarm/wire.h"
#include "swarm/wire_wait.h"

namespace ballast {

struct PieceAnswer;

// Of one thread at a time.
class PieceChannel {
 public:
  struct Outcome {
    Status status;
    bool answered = false;  // at least a byte of an answer came
    bool reusable = false;  // the next request can follow
  };

  // Connected, and the other side is `node`. `tls` is null without TLS. Blocks. Unavailable, Unauthenticated,
  // Cancelled.
  static Result<std::unique_ptr<PieceChannel>> Connect(const Member& node, std::shared_ptr<const TlsContext> tls,
                                                       const PieceClientOptions& options, const Clock& clock,
                                                       const std::stop_token& stop);

  // Blocks.
  Outcome Read(const PieceRequest& request, std::span<std::byte> into, const std::stop_token& stop);

  // Whether it leads where `node` is now, and began with `tls`.
  bool Fits(const Member& node, const std::shared_ptr<const TlsContext>& tls) const;
  // The other side has closed it, or says what nobody asked for.
  bool IsSpoilt() const;

 private:
  PieceChannel(Wire wire, const Member& node, std::shared_ptr<const TlsContext> tls, const PieceClientOptions& options,
               const Clock& clock);

  Status Send(const PieceRequest& request, const std::stop_token& stop);
  Result<PieceAnswer> ReadHead(const std::stop_token& stop);
  Status ReadRefusal(const PieceAnswer& answer, const std::stop_token& stop, bool& whole);
  Status ReadBody(std::span<std::byte> into, const std::stop_token& stop);
  Outcome ReadAnswer(const PieceRequest& request, std::span<std::byte> into, const std::stop_token& stop);

  Wire wire_;
  const std::string host_;
  const uint16_t port_;
  const std::shared_ptr<const TlsContext> tls_;
  const PieceClientOptions& options_;
  const Clock& clock_;
  std::string input_;  // received and not used yet
};

}  // namespace ballast
