#include "fetch/swarm_pace.h"

#include <algorithm>
#include <vector>

namespace ballast::fetch {
namespace {

constexpr uint64_t kUnit = 1 << 20;  // smaller pieces take what their requests take
constexpr size_t kRemembered = 50;
constexpr size_t kEnough = 5;

// Per unit.
Duration Median(const std::deque<Duration>& took) {
  std::vector<Duration> sorted(took.begin(), took.end());
  const auto middle = sorted.begin() + static_cast<ptrdiff_t>(sorted.size() / 2);
  std::nth_element(sorted.begin(), middle, sorted.end());
  return *middle;
}

double Units(uint64_t bytes) { return static_cast<double>(std::max(bytes, kUnit)) / static_cast<double>(kUnit); }

Duration Times(Duration duration, double factor) {
  return Duration(static_cast<Duration::rep>(static_cast<double>(duration.count()) * factor));
}

}  // namespace

void NotePace(Pace& pace, Duration took, uint64_t bytes) {
  pace.took.push_back(Times(took, 1 / Units(bytes)));
  if (pace.took.size() > kRemembered) pace.took.pop_front();
  pace.median = Median(pace.took);
}

Duration LateAfter(const State& state, const Stream& stream, bool at_the_end) {
  const SwarmRules& rules = *state.rules.swarm;
  const Pace& pace = state.swarm.pace;
  if (pace.took.size() < kEnough) return rules.unmeasured_late;
  const double factor = at_the_end ? rules.late_at_the_end : rules.late;
  return std::max<Duration>(Times(pace.median, factor * Units(stream.range.size())), rules.least_late);
}

std::optional<Duration> IntervalOf(const State& state, uint64_t piece_size, uint32_t slots) {
  const Pace& pace = state.swarm.pace;
  if (pace.took.size() < kEnough) return std::nullopt;
  return Times(pace.median, Units(piece_size) / slots);
}

Duration SilentAfter(const State& state, const Stream& stream) {
  const SwarmRules& rules = *state.rules.swarm;
  const Pace& pace = state.swarm.origin_pace;
  if (pace.took.empty()) return state.rules.stall;
  const uint64_t piece = state.files[stream.file].pieces.piece_size();
  return std::max<Duration>(Times(pace.median, rules.late * Units(piece)), rules.origin_silence);
}

}  // namespace ballast::fetch
