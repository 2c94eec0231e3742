#include "fetch/range_reader.h"

#include <algorithm>
#include <utility>

#include "base/strings.h"
#include "core/hasher.h"

namespace ballast {
namespace {

constexpr uint64_t kWorthContinuing = 256 << 10;

// Writes one piece at a time, so that whatever lies behind the piece at hand can still be given to another stream.
class RangeReader {
 public:
  RangeReader(ByteRange range, Ingest& ingest, const RangeHooks& hooks, const Clock& clock)
      : begin_(range.begin),
        end_(range.end),
        position_(range.begin),
        pieces_(ingest.pieces()),
        ingest_(ingest),
        hooks_(hooks),
        clock_(clock) {}

  bool complete() const { return position_ == end_; }
  uint64_t position() const { return position_; }
  ByteRange left() const { return {position_, end_}; }
  const Status& local_error() const { return local_error_; }
  bool received_a_piece() const { return complete() || PieceAt(position_) > PieceAt(begin_); }

  Status Take(std::span<const std::byte> bytes) {
    while (!bytes.empty()) {
      if (complete()) return DataLoss("the source sent more bytes than it was asked for");
      if (writer_ == nullptr) RETURN_IF_ERROR(OpenPiece());
      const auto part = bytes.first(std::min<uint64_t>(bytes.size(), piece_.end - position_));
      RETURN_IF_ERROR(Write(part));
      bytes = bytes.subspan(part.size());
      if (position_ == piece_.end) RETURN_IF_ERROR(ClosePiece());
    }
    return OkStatus();
  }

 private:
  uint32_t PieceAt(uint64_t offset) const { return static_cast<uint32_t>(offset / pieces_.piece_size()); }

  Status OpenPiece() {
    piece_ = pieces_.Range(PieceAt(position_));
    Result<std::unique_ptr<RangeWriter>> writer = ingest_.OpenRange(piece_);
    if (writer.status().code() == StatusCode::kAlreadyExists) return writer.status();
    RETURN_IF_ERROR(Local(writer.status()));
    writer_ = std::move(*writer);
    if (hooks_.piece_hashes) hasher_.emplace();
    return OkStatus();
  }

  Status Write(std::span<const std::byte> bytes) {
    const SteadyTime start = clock_.Steady();
    RETURN_IF_ERROR(Local(writer_->Append(bytes)));
    if (hasher_) hasher_->Update(bytes);
    position_ += bytes.size();
    hooks_.on_bytes(bytes.size(), clock_.Steady() - start);
    return OkStatus();
  }

  // Ends the source's Read() where another stream has taken over the rest.
  Status ClosePiece() {
    RETURN_IF_ERROR(Local(writer_->Flush()));
    writer_.reset();
    std::optional<Digest> hash;
    if (hasher_) hash = hasher_->Finish();
    hasher_.reset();
    if (complete() && hash) hooks_.at_border(position_, hash);
    if (complete()) return OkStatus();
    end_ = hooks_.at_border(position_, hash);
    return complete() ? Cancelled("the rest of the range was given to another stream") : OkStatus();
  }

  Status Local(Status status) {
    if (!status.ok()) local_error_ = status;
    return status;
  }

  const uint64_t begin_;
  uint64_t end_;
  uint64_t position_;
  const PieceMap pieces_;  // for its borders
  Ingest& ingest_;
  const RangeHooks& hooks_;
  const Clock& clock_;
  ByteRange piece_;
  std::unique_ptr<RangeWriter> writer_;  // of piece_; null between pieces
  std::optional<Sha256Hasher> hasher_;   // of piece_
  Status local_error_;
};

bool IsWorthContinuing(const Status& status, uint64_t brought) {
  return brought >= kWorthContinuing && status.retry_after().count() == 0 &&
         (status.code() == StatusCode::kUnavailable || status.code() == StatusCode::kDataLoss);
}

Status ReadAll(const ResolvedModel& model, const RemoteFile& file, Source& source, RangeReader& reader,
               const std::stop_token& stop) {
  const ByteSink sink = [&reader](std::span<const std::byte> bytes) { return reader.Take(bytes); };
  while (!reader.complete()) {
    const uint64_t before = reader.position();
    Status status = source.Read(model, file, reader.left(), sink, stop);
    if (!reader.local_error().ok()) return reader.local_error();
    if (reader.complete()) break;  // also when it was cut short: then the status is our own
    if (status.ok())
      return DataLoss(StrCat("the source sent ", reader.position(), " of the bytes up to ", reader.left().end, " of ",
                             Quoted(file.path.str())));
    if (!IsWorthContinuing(status, reader.position() - before)) return status;
  }
  return OkStatus();
}

}  // namespace

RangeOutcome ReadRange(const ResolvedModel& model, const RemoteFile& file, ByteRange range, Source& source,
                       Ingest& ingest, const RangeHooks& hooks, const Clock& clock, const std::stop_token& stop) {
  RangeReader reader(range, ingest, hooks, clock);
  const Status status = ReadAll(model, file, source, reader, stop);
  return {status, !reader.local_error().ok(), reader.received_a_piece()};
}

}  // namespace ballast
