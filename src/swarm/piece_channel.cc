#include "swarm/piece_channel.h"

#include <poll.h>

#include <algorithm>
#include <array>
#include <functional>

#include "base/strings.h"
#include "swarm/http_head.h"
#include "swarm/piece_answer.h"
#include "swarm/tcp.h"

namespace ballast {
namespace {

// A reader that is woken for each packet costs a quarter more CPU where the net is the bottleneck.
constexpr size_t kBulk = size_t{128} << 10;

constexpr size_t kReadAhead = size_t{64} << 10;

// For one step that has no bytes to count.
StallLimits Within(Duration limit) { return {limit, limit, 0}; }

// Wakes whoever waits for the wire when `stop` comes.
class ShutdownOnStop {
 public:
  ShutdownOnStop(const Wire& wire, const std::stop_token& stop) : callback_(stop, [&wire] { wire.Shutdown(); }) {}

 private:
  std::stop_callback<std::function<void()>> callback_;
};

// A TLS alert, which a server of TLS says to who does not speak it.
bool IsTls(std::string_view bytes) { return bytes.starts_with("\x15\x03"); }

Status NotConnected(const Status& status) {
  return status.code() == StatusCode::kDeadlineExceeded ? Unavailable(status.message()) : status;
}

Status Handshake(Wire& wire, WireWait& wait) {
  for (;;) {
    ASSIGN_OR_RETURN(const Wire::Want want, wire.Handshake());
    if (want == Wire::Want::kNothing) return OkStatus();
    RETURN_IF_ERROR(wait.For(wire, want, 0));
  }
}

Status FinishConnect(const Wire& wire, WireWait& wait) {
  RETURN_IF_ERROR(wait.For(wire, Wire::Want::kWrite, 0).WithContext("connect"));
  return TcpError(wire.fd());
}

Status StartTls(Wire& wire, const Member& node, const TlsContext& tls, const Clock& clock) {
  ASSIGN_OR_RETURN(const PeerIdentity peer, PeerIdentity::Node(node.name));
  ASSIGN_OR_RETURN(TlsSession session, tls.Client(peer, clock.Now()));
  // Several records with each receive, where it would be two receives for each record.
  SSL_set_read_ahead(session.ssl(), 1);
  SSL_set_default_read_buffer_len(session.ssl(), kReadAhead);
  return wire.StartTls(std::move(session));
}

// Connected, and the handshake done.
Status SetUp(Wire& wire, const Member& node, const TlsContext* tls, const PieceClientOptions& options,
             const Clock& clock, const std::stop_token& stop) {
  const ShutdownOnStop shutdown(wire, stop);
  WireWait connecting(clock, Within(options.connect), stop);
  RETURN_IF_ERROR(NotConnected(FinishConnect(wire, connecting)));
  if (tls == nullptr) return OkStatus();
  RETURN_IF_ERROR(StartTls(wire, node, *tls, clock));
  WireWait shaking(clock, Within(options.handshake), stop);
  return NotConnected(Handshake(wire, shaking));
}

Result<Wire> ConnectTo(const TcpTargets& targets, size_t index, const Member& node, const TlsContext* tls,
                       const PieceClientOptions& options, const Clock& clock, const std::stop_token& stop) {
  ASSIGN_OR_RETURN(UniqueFd socket, targets.BeginConnect(index));
  Wire wire(std::move(socket));
  RETURN_IF_ERROR(SetUp(wire, node, tls, options, clock, stop));
  return wire;
}

// The first of its addresses that lets us in.
Result<Wire> ConnectToAny(const Member& node, const TlsContext* tls, const PieceClientOptions& options,
                          const Clock& clock, const std::stop_token& stop) {
  ASSIGN_OR_RETURN(const TcpTargets targets, TcpTargets::Of(node.host, node.data_port));
  Status last = Unavailable(StrCat("look ", Quoted(node.host), " up: it has no address"));
  for (size_t i = 0; i < targets.size() && !stop.stop_requested(); ++i) {
    auto wire = ConnectTo(targets, i, node, tls, options, clock, stop);
    if (wire.ok()) return wire;
    last = wire.status();
  }
  return last;
}

}  // namespace

Result<std::unique_ptr<PieceChannel>> PieceChannel::Connect(const Member& node, std::shared_ptr<const TlsContext> tls,
                                                            const PieceClientOptions& options, const Clock& clock,
                                                            const std::stop_token& stop) {
  ASSIGN_OR_RETURN(Wire wire, ConnectToAny(node, tls.get(), options, clock, stop));
  return std::unique_ptr<PieceChannel>(new PieceChannel(std::move(wire), node, std::move(tls), options, clock));
}

PieceChannel::PieceChannel(Wire wire, const Member& node, std::shared_ptr<const TlsContext> tls,
                           const PieceClientOptions& options, const Clock& clock)
    : wire_(std::move(wire)),
      host_(node.host),
      port_(node.data_port),
      tls_(std::move(tls)),
      options_(options),
      clock_(clock) {}

bool PieceChannel::Fits(const Member& node, const std::shared_ptr<const TlsContext>& tls) const {
  return host_ == node.host && port_ == node.data_port && tls_ == tls;
}

bool PieceChannel::IsSpoilt() const {
  pollfd socket{wire_.fd(), POLLIN, 0};
  return !input_.empty() || wire_.HoldsUnread() || ::poll(&socket, 1, 0) != 0;
}

PieceChannel::Outcome PieceChannel::Read(const PieceRequest& request, std::span<std::byte> into,
                                         const std::stop_token& stop) {
  const ShutdownOnStop shutdown(wire_, stop);
  if (const Status status = Send(request, stop); !status.ok()) return {.status = status};
  return ReadAnswer(request, into, stop);
}

Status PieceChannel::Send(const PieceRequest& request, const std::stop_token& stop) {
  const std::string head = Format(request, host_);
  const std::span<const std::byte> bytes = std::as_bytes(std::span(head));
  WireWait wait(clock_, Within(options_.first_byte), stop);
  uint64_t moved = 0;
  return MoveAll(wire_, wait, moved, bytes.size(),
                 [&](size_t at) { return wire_.Write(bytes.subspan(at), /*more=*/false); });
}

PieceChannel::Outcome PieceChannel::ReadAnswer(const PieceRequest& request, std::span<std::byte> into,
                                               const std::stop_token& stop) {
  const auto answer = ReadHead(stop);
  Outcome outcome{.status = answer.status(), .answered = !input_.empty()};
  if (!answer.ok()) return outcome;
  input_.erase(0, answer->head_bytes);
  outcome.answered = true;
  bool whole = true;
  if (answer->code != 206) {
    outcome.status = ReadRefusal(*answer, stop, whole);
  } else if (const Status odd = CheckBody(*answer, request.range); !odd.ok()) {
    outcome.status = Unavailable(StrCat("not what was asked for: ", odd.message()));
    whole = false;
  } else {
    outcome.status = ReadBody(into, stop);
    whole = outcome.status.ok();
  }
  outcome.reusable = whole && !answer->close;
  return outcome;
}

Result<PieceAnswer> PieceChannel::ReadHead(const std::stop_token& stop) {
  WireWait wait(clock_, Within(options_.first_byte), stop);
  std::array<std::byte, kMaxHeadBytes> bytes;
  for (;;) {
    if (IsTls(input_)) return Unavailable("the other side speaks TLS, and we do not: swarm.plaintext differs");
    auto answer = ReadPieceAnswer(input_);
    if (!answer.ok()) return Unavailable(StrCat("this is no answer: ", answer.status().message()));
    if (answer->has_value()) return **answer;
    ASSIGN_OR_RETURN(const Wire::Moved moved, wire_.Read(std::span(bytes).first(kMaxHeadBytes - input_.size())));
    input_.append(reinterpret_cast<const char*>(bytes.data()), moved.bytes);
    if (moved.bytes == 0) RETURN_IF_ERROR(wait.For(wire_, moved.want, 0).WithContext("no answer"));
  }
}

Status PieceChannel::ReadRefusal(const PieceAnswer& answer, const std::stop_token& stop, bool& whole) {
  whole = answer.code >= 400 && answer.length <= kMaxRefusalBytes;
  std::string text(std::min(answer.length, kMaxRefusalBytes), '\0');
  if (whole) whole = ReadBody(std::as_writable_bytes(std::span(text)), stop).ok();
  return RefusalStatus(answer.code, whole ? Trim(std::string_view(text).substr(0, text.find('\n'))) : "");
}

Status PieceChannel::ReadBody(std::span<std::byte> into, const std::stop_token& stop) {
  const size_t here = std::min(input_.size(), into.size());
  std::copy_n(std::as_bytes(std::span(input_)).begin(), here, into.begin());
  input_.erase(0, here);
  const std::span<std::byte> rest = into.subspan(here);
  WireWait wait(clock_, options_.sender, stop);
  uint64_t moved = here;
  Status status = MoveAll(wire_, wait, moved, rest.size(), [&](size_t at) {
    // Of what is still to come a TLS record may have been received, but not more.
    wire_.WakeAt(rest.size() - at > 2 * kBulk ? kBulk : 1);
    return wire_.Read(rest.subspan(at));
  });
  wire_.WakeAt(1);
  return status;
}

}  // namespace ballast
