#include "fetch/alone_plan.h"

#include <algorithm>

namespace ballast::fetch {
namespace {

// The first piece behind `first` that is here.
uint32_t EndOfRun(const PieceMap& pieces, uint32_t first) {
  uint32_t last = first + 1;
  while (last < pieces.count() && !pieces.has(last)) ++last;
  return last;
}

}  // namespace

bool AlonePlan::MayRead(const FileState& file) const { return now_ >= file.retry_at && now_ >= state_.pause_until; }

bool AlonePlan::StartFirstStream() {
  for (const FileIndex index : state_.active) {
    const FileState& file = File(index);
    if (!file.alone || !file.streams.empty() || file.pieces.complete() || !MayRead(file)) continue;
    const uint32_t first = file.pieces.FirstMissing();
    StartStream(index, first, EndOfRun(file.pieces, first));
    return true;
  }
  return false;
}

bool AlonePlan::StartFurtherStream() {
  if (!state_.sharing_pays) return false;
  std::optional<FileIndex> best;
  uint64_t most = 0;
  for (const FileIndex index : state_.active) {
    const FileState& file = File(index);
    if (!file.alone || file.streams.size() >= state_.rules.max_streams_per_file || !MayRead(file)) continue;
    const uint64_t left = (file.size - file.pieces.BytesHere()) / (file.streams.size() + 1);
    if (left > most && FindExtent(file).has_value()) {
      best = index;
      most = left;
    }
  }
  if (!best) return false;
  const Claim extent = *FindExtent(File(*best));
  if (extent.stream != 0) ShortenStream(extent.stream, File(*best).pieces.Range(extent.first).begin);
  StartStream(*best, extent.first, extent.last);
  return true;
}

// How many pieces a stream takes of a file that several share: the window holds one extent of each.
uint32_t AlonePlan::Extent(const FileState& file) const {
  const uint32_t fair = state_.rules.max_jobs / std::max(state_.large_left, 1U);
  const uint32_t sharers = std::clamp(fair, 1U, state_.rules.max_streams_per_file);
  return std::max(state_.rules.window_pieces / sharers, LeastExtent(file));
}
uint32_t AlonePlan::LeastExtent(const FileState& file) const {
  const uint64_t size = file.pieces.piece_size();
  return std::max(static_cast<uint32_t>((state_.rules.min_extent + size - 1) / size), 1U);
}

std::vector<AlonePlan::Claim> AlonePlan::Claims(const FileState& file) const {
  std::vector<Claim> claims;
  const uint64_t size = file.pieces.piece_size();
  for (const StreamId id : file.streams) {
    const Stream& stream = state_.streams.at(id);
    claims.push_back({id, static_cast<uint32_t>(stream.position / size),
                      static_cast<uint32_t>((stream.range.end + size - 1) / size)});
  }
  return claims;
}

// The next pieces for one more stream of a file; of stream 0 where nobody has claimed them.
std::optional<AlonePlan::Claim> AlonePlan::FindExtent(const FileState& file) const {
  const std::vector<Claim> claims = Claims(file);
  const uint32_t frontier = file.pieces.FirstMissing();
  const uint32_t window_end = frontier + std::min(file.pieces.count() - frontier, state_.rules.window_pieces);
  const auto free = FindFree(file, claims, frontier, window_end);
  return free ? free : FindShare(file, claims, window_end);
}

std::optional<AlonePlan::Claim> AlonePlan::FindFree(const FileState& file, const std::vector<Claim>& claims,
                                                    uint32_t begin, uint32_t end) const {
  const auto is_free = [&](uint32_t piece) {
    return !file.pieces.has(piece) && std::none_of(claims.begin(), claims.end(), [piece](const Claim& claim) {
      return claim.first <= piece && piece < claim.last;
    });
  };
  uint32_t first = begin;
  while (first < end && !is_free(first)) ++first;
  if (first == end) return std::nullopt;
  uint32_t last = first + 1;
  while (last < file.pieces.count() && last - first < Extent(file) && is_free(last)) ++last;
  return Claim{0, first, last};
}

// The far part of the longest claim; what is behind the extent is free from then on.
std::optional<AlonePlan::Claim> AlonePlan::FindShare(const FileState& file, const std::vector<Claim>& claims,
                                                     uint32_t window_end) const {
  std::optional<Claim> best;
  for (const Claim& claim : claims) {
    const uint32_t to_go = claim.last - claim.first;  // the piece at `first` is under way
    const uint32_t first = claim.first + std::max(std::min(Extent(file), (to_go + 1) / 2), 1U);
    if (to_go < 2 * LeastExtent(file) || first >= window_end || first >= claim.last) continue;
    if (!best || claim.last - first > best->last - best->first) best = Claim{claim.stream, first, claim.last};
  }
  if (best) best->last = std::min(best->last, best->first + Extent(file));
  return best;
}

void AlonePlan::ShortenStream(StreamId id, uint64_t end) {
  state_.streams.at(id).range.end = end;
  context_.Emit(Shorten{id, end});
}

void AlonePlan::StartStream(FileIndex index, uint32_t first, uint32_t last) {
  const PieceMap& pieces = File(index).pieces;
  const ByteRange range{pieces.Range(first).begin, pieces.Range(last - 1).end};
  context_.Emit(Read{context_.AddStream({index, range, range.begin}), index, range});
}

}  // namespace ballast::fetch
