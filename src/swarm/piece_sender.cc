#include "swarm/piece_sender.h"

#include <algorithm>

#include "base/logging.h"
#include "swarm/http_head.h"
#include "swarm/piece_answer.h"

namespace ballast {
namespace {

constexpr size_t kFileChunk = size_t{1} << 20;
constexpr size_t kBufferChunk = size_t{128} << 10;

std::span<const std::byte> Bytes(std::string_view text) { return std::as_bytes(std::span(text)); }

Status WriteAll(Wire& wire, WireWait& wait, uint64_t& moved, std::span<const std::byte> bytes, bool more) {
  return MoveAll(wire, wait, moved, bytes.size(), [&](size_t at) { return wire.Write(bytes.subspan(at), more); });
}

bool IsOfTheBlob(const Status& status) {
  return status.code() == StatusCode::kDataLoss || status.code() == StatusCode::kInternal;
}

}  // namespace

// An answer under way.
struct PieceSender::Body {
  PieceConnection& connection;
  ServedBlob& blob;
  WireWait wait;
  std::stop_token stop;
  std::string head;    // until it is sent
  uint64_t at;         // the next byte of the blob
  uint64_t moved = 0;  // bytes on the wire
};

bool PieceSender::Answer(PieceConnection& connection, const std::stop_token& stop) {
  const Status status = AnswerWith(connection, stop);
  if (status.ok()) return true;
  desk_.CountCut();
  if (IsOfTheBlob(status)) {
    LOG(WARNING) << Message("A blob could not be read for another node")
                        .With("blob", connection.request.digest)
                        .With("node", connection.party())
                        .With("error", status);
  }
  return false;
}

Status PieceSender::AnswerWith(PieceConnection& connection, const std::stop_token& stop) {
  const PieceRequest& request = connection.request;
  if (connection.wire.OtherSideLeft()) return Unavailable("the other side left before its turn came");
  const auto blob = parts_.blobs.Open(request.digest);
  if (!blob.ok()) {
    const bool missing = blob.status().code() == StatusCode::kNotFound;
    return Refuse(connection, missing ? 404 : 503, missing ? "it is not here" : "it can't be opened", stop);
  }
  const uint64_t size = (*blob)->size();
  if (request.range.end > size) return Refuse(connection, 416, StrCat("the blob has ", size, " bytes"), stop);
  const auto here = (*blob)->AvailableFrom(request.range.begin, options_.first_byte, stop);
  if (!here.ok()) {
    const bool missing = here.status().code() == StatusCode::kNotFound;
    return Refuse(connection, missing ? 404 : 503,
                  missing ? "these bytes are not here" : "these bytes are not here yet", stop);
  }
  Body body{connection,
            **blob,
            WireWait(parts_.clock, options_.receiver, stop),
            stop,
            FormatPieceHead({request.range, size}, desk_.uploads(), request.close),
            request.range.begin};
  return SendBody(body);
}

Status PieceSender::Refuse(PieceConnection& connection, int code, const std::string& text,
                           const std::stop_token& stop) {
  desk_.CountRefused(code);
  const std::string answer = FormatRefusal(code, text, desk_.uploads(), connection.request.close);
  WireWait wait(parts_.clock, options_.receiver, stop);
  uint64_t moved = 0;
  return WriteAll(connection.wire, wait, moved, Bytes(answer), /*more=*/false);
}

Status PieceSender::SendBody(Body& body) {
  const uint64_t end = body.connection.request.range.end;
  while (body.at < end) {
    ASSIGN_OR_RETURN(const uint64_t here, body.blob.AvailableFrom(body.at, options_.next_bytes, body.stop));
    RETURN_IF_ERROR(SendRange(body, std::min(here, end)));
  }
  return OkStatus();
}

Status PieceSender::SendRange(Body& body, uint64_t end) {
  const bool from_file = !body.connection.wire.has_tls() && body.blob.fd() >= 0;
  while (body.at < end) {
    const size_t bytes = std::min<uint64_t>(from_file ? kFileChunk : kBufferChunk, end - body.at);
    if (parts_.gate) RETURN_IF_ERROR(parts_.gate(bytes, body.stop));
    RETURN_IF_ERROR(from_file ? SendFromFile(body, bytes) : SendFromBuffer(body, bytes));
    body.at += bytes;
    body.head.clear();
    desk_.CountSent(body.connection.node(), bytes);
  }
  return OkStatus();
}

Status PieceSender::SendFromFile(Body& body, size_t bytes) {
  Wire& wire = body.connection.wire;
  RETURN_IF_ERROR(WriteAll(wire, body.wait, body.moved, Bytes(body.head), /*more=*/true));
  return MoveAll(wire, body.wait, body.moved, bytes,
                 [&](size_t at) { return wire.SendFile(body.blob.fd(), body.at + at, bytes - at); });
}

Status PieceSender::SendFromBuffer(Body& body, size_t bytes) {
  buffer_.resize(kMaxHeadBytes + kBufferChunk);
  const std::span<std::byte> whole = std::span(buffer_).first(body.head.size() + bytes);
  std::copy_n(Bytes(body.head).begin(), body.head.size(), whole.begin());
  RETURN_IF_ERROR(body.blob.Read(body.at, whole.last(bytes)));
  const bool more = body.at + bytes < body.connection.request.range.end;
  return WriteAll(body.connection.wire, body.wait, body.moved, whole, more);
}

}  // namespace ballast
