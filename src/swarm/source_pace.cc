#include "swarm/source_pace.h"

#include <algorithm>

namespace ballast {
namespace {

constexpr double kWeight = 0.2;          // of the newest measure
constexpr double kTypicalWeight = 0.02;  // of one measure among those of all nodes
constexpr Duration kOriginRun = std::chrono::milliseconds(500);
constexpr double kSlow = 0.3;  // of what is typical

}  // namespace

double& SourcePace::RateOf(NodeId source) {
  if (source >= rates_.size()) rates_.resize(source + 1);
  return rates_[source];
}

void SourcePace::Note(NodeId source, uint64_t bytes, uint32_t uploads, Duration took) {
  const double seconds = std::max(std::chrono::duration<double>(took).count(), 1e-4);
  const double rate = static_cast<double>(bytes) * std::max(uploads, 1U) / seconds;
  double& known = RateOf(source);
  known = known == 0 ? rate : known + kWeight * (rate - known);
  typical_ = typical_ == 0 ? rate : typical_ + kTypicalWeight * (std::min(rate, 4 * typical_) - typical_);
}

void SourcePace::NoteSlow(NodeId source) { RateOf(source) = std::min(RateOf(source), kSlow * typical_ / 2); }

uint32_t SourcePace::Limit(NodeId source, uint32_t most) const {
  const bool known = source < rates_.size() && rates_[source] > 0;
  return known && rates_[source] < kSlow * typical_ ? 1 : most;
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
