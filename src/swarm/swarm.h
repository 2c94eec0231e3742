// The swarm as the download of one node sees it: somebody who says which piece to get from where, and the peers to get
// it from.
#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <stop_token>
#include <string>

#include "base/status.h"
#include "core/manifest.h"
#include "swarm/messages.h"

namespace ballast {

// Hears what a session has to say; one call at a time, on a thread of the swarm's, never from within Send() or Join(),
// and not before the first Send(): whoever joined has its session by then.
class SwarmListener {
 public:
  virtual ~SwarmListener() = default;
  // An announce wanted (Reply::announce) is answered by Send(Announce), with a Next behind it.
  virtual void OnReply(const Reply& reply) = 0;
};

// One node's part in the swarm of one model. It always has a coordinator: when one does not answer, the next in
// rendezvous order takes its place and asks for an Announce; this node itself is the last of them. Thread-safe. The
// destructor says goodbye; afterwards the listener hears nothing more.
class SwarmSession {
 public:
  virtual ~SwarmSession() = default;
  // Both return at once, and may be called from within the listener.
  virtual void Send(Announce announce) = 0;
  virtual void Send(Next next) = 0;
};

// Thread-safe.
class Swarm {
 public:
  virtual ~Swarm() = default;

  // `manifest` and `listener` outlive the session.
  virtual std::unique_ptr<SwarmSession> Join(const Manifest& manifest, SwarmListener& listener) = 0;

  // Fills `into` with the bytes of `blob` at `range` (of into.size() bytes) from a peer. They are not checked. Blocks.
  // Unavailable: no connection, or it broke; ResourceExhausted: it is busy; NotFound: it does not have them;
  // DeadlineExceeded: it sends too slowly to go on; PermissionDenied, Unauthenticated: it does not let us; Cancelled.
  virtual Status ReadPiece(NodeId peer, const Digest& blob, ByteRange range, std::span<std::byte> into,
                           std::stop_token stop) = 0;

  // For logs and people.
  virtual std::string NameOf(NodeId node) const = 0;
};

}  // namespace ballast
