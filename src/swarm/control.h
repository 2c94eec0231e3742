// The control channel between nodes as values and interfaces, without its transport: what is said (with messages.h),
// how a node reaches others (ControlTransport), and what it answers them (PeerService). swarm/PROTOCOL.md has the
// rules.
#pragma once

#include <cstdint>
#include <memory>
#include <stop_token>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "base/clock.h"
#include "base/status.h"
#include "core/digest.h"
#include "core/glob.h"
#include "swarm/member.h"
#include "swarm/messages.h"
#include "swarm/model_shape.h"

namespace ballast {

// ---- the stream of one node in the swarm of one model

struct Hello {
  Digest model;
  uint64_t membership = 0;               // MemberList::hash()
  std::vector<std::string> unreachable;  // nodes that do not answer this one
  uint32_t redirects = 0;                // followed since somebody coordinated it last
};

// A piece of the canonical manifest.
struct ManifestPart {
  std::string data;
  bool last = false;
};
inline constexpr size_t kManifestPartBytes = 1 << 20;

struct FromNode {
  uint64_t seq = 0;     // counts the messages of a stream, from 1
  bool answer = false;  // at once, were it with an empty Reply
  std::variant<Hello, Announce, Next, ManifestPart> message;
};

// `node` coordinates the model, or comes before this one in order. The speaker's own name: connect anew.
struct Redirect {
  std::string node;
};
struct ManifestWanted {};

struct FromCoordinator {
  uint64_t seen = 0;  // FromNode::seq of the last message that was dealt with
  std::variant<Reply, Redirect, ManifestWanted> message;
};

// ---- single questions

// Models that a node has whole, without being in their swarm.
struct HoldNotice {
  std::vector<Digest> held;
  std::vector<Digest> dropped;  // has them no more
  bool leaving = false;         // has nothing any more: it stops
};
struct HoldAnswer {
  struct Elsewhere {
    Digest model;
    std::string coordinator;
  };
  std::vector<Elsewhere> elsewhere;  // tell that node, too
};

struct CoordinatesQuery {
  Digest model;
  bool claim = false;  // the one who asks coordinates it
};

inline constexpr size_t kMostHoldersNamed = 64;
struct CoordinatesAnswer {
  std::string coordinator;           // "": none that this node knows
  std::vector<std::string> holders;  // nodes that have the model whole, as they said here; some of them
};

// What a model reference means.
struct ResolveQuery {
  std::string uri;  // ModelRef::ToString() without its revision
  std::string revision;
  PathFilter filter;
  std::string origin;       // name of a configured origin; "" = the one that matches
  bool known_only = false;  // do not ask the origin
  std::string domain;       // by whose right; "" = anybody's

  friend bool operator==(const ResolveQuery&, const ResolveQuery&) = default;
};
// Bytes as they came: whoever asked parses and checks them.
struct Resolved {
  std::string manifest;  // canonical
  std::string record;    // OriginRecord as JSON
  std::string commit;
  std::string warning;  // served although something is wrong, for people

  friend bool operator==(const Resolved&, const Resolved&) = default;
};

// Answers for this node. Thread-safe; may block until the origin has answered.
class Resolver {
 public:
  virtual ~Resolver() = default;
  virtual Result<Resolved> Resolve(const ResolveQuery& query, std::stop_token stop) = 0;
};

// The hashes of a blob's pieces (of PieceSizeFor() its size), in order. Thread-safe; may block while they are computed.
class PieceHashSource {
 public:
  virtual ~PieceHashSource() = default;
  // NotFound: the blob is not here.
  virtual Result<std::vector<Digest>> PieceHashes(const Digest& blob, std::stop_token stop) = 0;
};
// What one answer may hold: a file of 4 TiB.
inline constexpr size_t kMaxPieceHashes = size_t{1} << 18;

// ---- how a node reaches others

// Hears of one stream; one call at a time, on any thread, from within Join() or Send(), too: it must be short and call
// nothing of the stream's.
class ControlEvents {
 public:
  virtual ~ControlEvents() = default;
  virtual void OnMessage(FromCoordinator message) = 0;
  // The message that was sent has gone: send the next.
  virtual void OnWritten() = 0;
  // The last call.
  virtual void OnEnd(const Status& why) = 0;
};

// The node's end of a stream. Of one thread at a time. The destructor hangs up; afterwards the events hear nothing
// more.
class ControlStream {
 public:
  virtual ~ControlStream() = default;
  // Returns at once. One message at a time: OnWritten() says when the next may be sent.
  virtual void Send(FromNode message) = 0;
};

struct CallLimit {
  Duration timeout;
  std::stop_token stop;
};

// Thread-safe. Calls block until they are answered or the limit is reached; streams and calls go to who has the
// member's name, and nobody else. Unavailable: it cannot be reached; Unauthenticated, PermissionDenied: it is another,
// or does not let us in.
class ControlTransport {
 public:
  virtual ~ControlTransport() = default;
  // `shape` is that of the model that the Hello will name: no reply may go beyond it.
  virtual std::unique_ptr<ControlStream> Join(const Member& to, std::shared_ptr<const ModelShape> shape,
                                              ControlEvents& events) = 0;
  virtual Result<HoldAnswer> Hold(const Member& to, const HoldNotice& notice, const CallLimit& limit) = 0;
  virtual Result<CoordinatesAnswer> Coordinates(const Member& to, const CoordinatesQuery& query,
                                                const CallLimit& limit) = 0;
  virtual Result<std::vector<Digest>> PieceHashes(const Member& to, const Digest& blob, const CallLimit& limit) = 0;
  virtual Result<Resolved> Resolve(const Member& to, const ResolveQuery& query, const CallLimit& limit) = 0;
};

// ---- what a node answers to others

// The way back to a node that joined. Thread-safe.
class JoinOutlet {
 public:
  virtual ~JoinOutlet() = default;
  // Keeps the message for Flush(); replies that wait become one. Called with locks held: does nothing else.
  virtual void Queue(FromCoordinator message) = 0;
  virtual void Flush() = 0;
  // Ends the stream behind what was queued.
  virtual void Close(const Status& why) = 0;
};

// The answering end of a stream. Of one thread at a time. The destructor says that the node has gone.
class JoinedNode {
 public:
  virtual ~JoinedNode() = default;
  // What the model's files are; null while that is not known here. Announce and Next mean nothing before.
  virtual std::shared_ptr<const ModelShape> shape() const = 0;
  // Not OK: nothing further is heard; close the stream with it.
  virtual Status On(FromNode message) = 0;
};

// Thread-safe. `from`: the name of the node that asks, a member as its certificate says.
class PeerService {
 public:
  virtual ~PeerService() = default;
  virtual std::unique_ptr<JoinedNode> Join(const std::string& from, std::shared_ptr<JoinOutlet> outlet) = 0;
  virtual Result<HoldAnswer> Hold(const std::string& from, const HoldNotice& notice) = 0;
  virtual Result<CoordinatesAnswer> Coordinates(const std::string& from, const CoordinatesQuery& query) = 0;
  virtual Result<std::vector<Digest>> PieceHashes(const Digest& blob, std::stop_token stop) = 0;
  virtual Result<Resolved> Resolve(const ResolveQuery& query, std::stop_token stop) = 0;
};

}  // namespace ballast
