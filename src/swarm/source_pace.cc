#include "swarm/source_pace.h"

#include <algorithm>

namespace ballast {
namespace {

constexpr double kWeight = 0.2;  // of the newest measure
constexpr double kSlower = 2;    // than what its receiver gets from others: then the source is to blame
constexpr double kShrinks = 0.7;
constexpr Duration kOriginRun = std::chrono::milliseconds(500);

}  // namespace

double& SourcePace::LimitOf(NodeId source) {
  if (source >= limits_.size()) limits_.resize(source + 1, most_);
  return limits_[source];
}

void SourcePace::Note(NodeId source, NodeId receiver, uint64_t bytes, Duration took) {
  if (receiver >= receivers_.size()) receivers_.resize(receiver + 1);
  Usual& usual = receivers_[receiver];
  const double seconds = std::chrono::duration<double>(took).count();
  if (usual.bytes != bytes) usual = {bytes, seconds};
  double& limit = LimitOf(source);
  const bool slow = seconds > kSlower * usual.seconds;
  limit = slow ? std::max(1.0, kShrinks * limit) : std::min(most_, limit + 1 / limit);
  usual.seconds += kWeight * (std::min(seconds, kSlower * usual.seconds) - usual.seconds);
}

uint32_t SourcePace::Limit(NodeId source) const {
  return static_cast<uint32_t>(source < limits_.size() ? limits_[source] : most_);
}

void OriginPace::Note(NodeId node, SteadyTime given_at, SteadyTime now) {
  if (node >= known_.size()) known_.resize(node + 1);
  Known& known = known_[node];
  const Duration took = now - std::max(given_at, known.last);
  known.last = now;
  known.per_piece = known.per_piece == Duration::zero() ? took : (3 * known.per_piece + took) / 4;
}

uint32_t OriginPace::LongestRun(NodeId node) const {
  if (node >= known_.size() || known_[node].per_piece == Duration::zero()) return 1;
  return static_cast<uint32_t>(std::clamp<int64_t>(kOriginRun / known_[node].per_piece, 1, kWindowPieces));
}

}  // namespace ballast
