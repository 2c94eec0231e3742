#include "swarm/piece_poller.h"

#include <sys/socket.h>

#include <algorithm>
#include <array>

#include "base/logging.h"
#include "swarm/http_head.h"
#include "swarm/piece_answer.h"
#include "swarm/tcp.h"

namespace ballast {
namespace {

using std::chrono::milliseconds;

constexpr uint64_t kListening = 0;
constexpr int kAcceptsAtOnce = 64;
constexpr int kStepsAtOnce = 16;
// Deadlines are looked at so often, while there is a connection.
constexpr milliseconds kLook(100);
// For the other side to take our last words.
constexpr Duration kEnding = std::chrono::seconds(1);
constexpr size_t kMaxDrained = size_t{64} << 10;

// HTTP without TLS. Nothing of it is taken.
bool SaysGet(int socket) {
  char bytes[4];
  return ::recv(socket, bytes, sizeof bytes, MSG_PEEK) == sizeof bytes &&
         std::string_view(bytes, sizeof bytes) == "GET ";
}

}  // namespace

PiecePoller::PiecePoller(const PieceServerOptions& options, const PieceServerParts& parts, UploadDesk& desk,
                         PollSet& polls, int listening)
    : options_(options), parts_(parts), desk_(desk), polls_(polls), listening_(listening), book_(options.connections) {}

void PiecePoller::Run(const std::stop_token& stop) {
  while (!stop.stop_requested()) {
    for (const uint64_t id : polls_.Wait(Timeout())) {
      if (id == kListening) Accept();
      if (const auto found = connections_.find(id); found != connections_.end()) Advance(*found->second);
    }
    TakeBack();
    Sweep();
    desk_.CountConnections(book_.size(), book_.strangers());
  }
}

milliseconds PiecePoller::Timeout() const { return accepting_ && connections_.empty() ? milliseconds(-1) : kLook; }

void PiecePoller::Accept() {
  for (int i = 0; i < kAcceptsAtOnce; ++i) {
    if (!AcceptOne()) break;
  }
  if (accepting_) polls_.Arm(listening_, kListening, PollSet::For::kRead);
}

// False: nobody waits, or nobody can come in.
bool PiecePoller::AcceptOne() {
  auto accepted = AcceptTcp(listening_);
  if (!accepted.ok()) {
    if (DropVictim(book_.Least())) return true;
    accepting_ = false;
    return false;
  }
  if (!accepted->has_value()) return false;
  Admit(std::move((*accepted)->socket), std::move((*accepted)->address));
  return true;
}

void PiecePoller::Admit(UniqueFd socket, std::string address) {
  const uint64_t id = next_id_++;
  const int fd = socket.get();
  connections_.emplace(id, std::make_unique<PieceConnection>(id, std::move(socket), std::move(address)));
  const ConnectionBook::Victim victim = book_.Came(id, In(options_.handshake));
  if (const Status status = polls_.Add(fd, id, PollSet::For::kRead); !status.ok()) {
    LOG(WARNING) << Message("A connection can't be served").With("error", status);
    Drop(id);
  }
  DropVictim(victim);
}

bool PiecePoller::DropVictim(ConnectionBook::Victim victim) {
  if (!victim) return false;
  desk_.CountDropped();
  Drop(*victim);
  return true;
}

void PiecePoller::Drop(uint64_t id) {
  book_.Gone(id);
  connections_.erase(id);
}

void PiecePoller::TakeBack() {
  for (UploadDesk::Answered& answered : desk_.TakeAnswered()) {
    PieceConnection& connection = *answered.connection;
    if (!answered.more) {
      book_.Gone(connection.id);
      continue;
    }
    connections_.emplace(connection.id, std::move(answered.connection));
    Rest(connection);
    if (connection.request.close) End(connection);
    Advance(connection);
  }
}

// Nothing of it is being answered; the head of its next request may have begun.
void PiecePoller::Rest(const PieceConnection& connection) {
  const Duration limit = connection.input.empty() ? options_.idle : options_.head;
  book_.Idle(connection.id, parts_.clock.Steady(), In(limit));
}

void PiecePoller::Sweep() {
  const SteadyTime now = parts_.clock.Steady();
  if (now - swept_ < kLook) return;
  swept_ = now;
  for (const uint64_t id : book_.Expired(now)) {
    const PieceConnection& connection = *connections_.at(id);
    const bool expected =
        connection.state == PieceConnection::State::kEnding || (connection.known && connection.input.empty());
    if (!expected) desk_.CountDropped();
    Drop(id);
  }
  if (accepting_) return;
  accepting_ = true;
  polls_.Arm(listening_, kListening, PollSet::For::kRead);
}

void PiecePoller::Advance(PieceConnection& connection) {
  const uint64_t id = connection.id;
  book_.Spoke(id);
  for (int i = 0; i < kStepsAtOnce; ++i) {
    switch (Step(connection)) {
      case Next::kGoOn:
        continue;
      case Next::kDrop:
        Drop(id);
        return;
      case Next::kWait:
      case Next::kGiven:
        return;
    }
  }
  polls_.Arm(connection.wire.fd(), id, PollSet::For::kWrite);  // others first; then at once
}

PiecePoller::Next PiecePoller::Step(PieceConnection& connection) {
  switch (connection.state) {
    case PieceConnection::State::kEnding:
      return DrainOn(connection);
    case PieceConnection::State::kHandshake:
      return Handshake(connection);
    case PieceConnection::State::kRequest:
      break;
  }
  if (const auto read = ReadPieceRequest(connection.input)) return Ask(connection, *read);
  return ReadOn(connection);
}

Status PiecePoller::BeginTls(PieceConnection& connection) {
  connection.began = parts_.tls();
  if (!connection.began) return FailedPrecondition("this node has no certificate yet");
  ASSIGN_OR_RETURN(TlsSession session, connection.began->Server(parts_.admit, parts_.clock.Now()));
  return connection.wire.StartTls(std::move(session));
}

PiecePoller::Next PiecePoller::Handshake(PieceConnection& connection) {
  if (options_.plaintext) {
    connection.state = PieceConnection::State::kRequest;
    return Next::kGoOn;
  }
  if (!connection.wire.has_tls() && SaysGet(connection.wire.fd())) {
    desk_.CountHandshakeFailure();
    return Refuse(connection, 400, "this port speaks TLS, and you do not: swarm.plaintext differs");
  }
  const Status begun = connection.wire.has_tls() ? OkStatus() : BeginTls(connection);
  const Result<Wire::Want> want = begun.ok() ? connection.wire.Handshake() : begun;
  if (!want.ok()) {
    desk_.CountHandshakeFailure();
    LOG_EVERY_T(WARNING, 10)
        << Message("Another node was not let in").With("from", connection.address).With("error", want.status());
    return End(connection);
  }
  if (*want != Wire::Want::kNothing) return WaitFor(connection, *want);
  connection.state = PieceConnection::State::kRequest;
  return BecomeKnown(connection) ? Next::kGoOn : Next::kDrop;
}

// False: there is no room for a further one of its node.
bool PiecePoller::BecomeKnown(PieceConnection& connection) {
  if (connection.known) return true;
  connection.known = true;
  const ConnectionBook::Victim victim = book_.Known(connection.id, connection.party());
  Rest(connection);
  if (victim == connection.id) {
    desk_.CountDropped();
    return false;
  }
  DropVictim(victim);
  return true;
}

PiecePoller::Next PiecePoller::ReadOn(PieceConnection& connection) {
  std::array<std::byte, kMaxHeadBytes> bytes;
  const auto moved = connection.wire.Read(std::span(bytes).first(kMaxHeadBytes - connection.input.size()));
  if (!moved.ok()) return Next::kDrop;
  if (moved->bytes == 0) return WaitFor(connection, moved->want);
  if (connection.known && connection.input.empty()) book_.SetDeadline(connection.id, In(options_.head));
  connection.input.append(reinterpret_cast<const char*>(bytes.data()), moved->bytes);
  return Next::kGoOn;
}

PiecePoller::Next PiecePoller::DrainOn(PieceConnection& connection) {
  std::array<std::byte, kMaxHeadBytes> bytes;
  const ssize_t got = ::recv(connection.wire.fd(), bytes.data(), bytes.size(), 0);
  if (got < 0 && (errno == EAGAIN || errno == EINTR)) return WaitFor(connection, Wire::Want::kRead);
  if (got <= 0) return Next::kDrop;
  connection.drained += static_cast<size_t>(got);
  return connection.drained > kMaxDrained ? Next::kDrop : Next::kGoOn;
}

PiecePoller::Next PiecePoller::WaitFor(PieceConnection& connection, Wire::Want want) {
  polls_.Arm(connection.wire.fd(), connection.id,
             want == Wire::Want::kWrite ? PollSet::For::kWrite : PollSet::For::kRead);
  return Next::kWait;
}

PiecePoller::Next PiecePoller::Ask(PieceConnection& connection, const ReadRequest& read) {
  connection.input.erase(0, read.bytes);
  if (const auto* const refused = std::get_if<RefusedRequest>(&read.what))
    return Refuse(connection, refused->code, refused->text);
  if (const Status status = Readmit(connection); !status.ok()) return Refuse(connection, 403, status.message());
  if (!BecomeKnown(connection)) return Next::kDrop;
  connection.request = std::get<PieceRequest>(read.what);
  // A connection ends with the certificate that it began with.
  if (connection.began && connection.began != parts_.tls()) connection.request.close = true;
  return Hand(connection);
}

// It was let in at its handshake; it may have left the swarm since.
Status PiecePoller::Readmit(const PieceConnection& connection) const {
  if (!connection.wire.has_tls()) return OkStatus();
  ASSIGN_OR_RETURN(const PeerIdentity peer, PeerIdentity::Node(connection.node()));
  return parts_.admit(peer);
}

PiecePoller::Next PiecePoller::Hand(PieceConnection& connection) {
  const uint64_t id = connection.id;
  book_.Busy(id);
  const auto slot = connections_.find(id);
  if (!desk_.Submit(slot->second)) return Busy(connection);
  connections_.erase(slot);
  return Next::kGiven;
}

PiecePoller::Next PiecePoller::Busy(PieceConnection& connection) {
  Rest(connection);
  desk_.CountRefused(503);
  const bool close = connection.request.close;
  if (!Say(connection, FormatRefusal(503, "too many requests wait", desk_.uploads(), close))) return Next::kDrop;
  return close ? End(connection) : Next::kGoOn;
}

PiecePoller::Next PiecePoller::Refuse(PieceConnection& connection, int code, const std::string& text) {
  desk_.CountRefused(code);
  if (!Say(connection, FormatRefusal(code, text, desk_.uploads(), /*close=*/true))) return Next::kDrop;
  return End(connection);
}

// False: the other side does not even take so little.
bool PiecePoller::Say(PieceConnection& connection, const std::string& answer) {
  const auto moved = connection.wire.Write(std::as_bytes(std::span(answer)), /*more=*/false);
  return moved.ok() && moved->bytes == answer.size();
}

PiecePoller::Next PiecePoller::End(PieceConnection& connection) {
  connection.wire.EndWriting();
  connection.state = PieceConnection::State::kEnding;
  book_.SetDeadline(connection.id, In(kEnding));
  return Next::kGoOn;
}

}  // namespace ballast
