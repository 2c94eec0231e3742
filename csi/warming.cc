#include "csi/warming.h"

#include <algorithm>
#include <chrono>

#include "base/strings.h"

namespace ballast::driver {
namespace {

using std::chrono::seconds;

constexpr seconds kForTheReply{5};
constexpr seconds kDefaultWait{120};  // the kubelet's own timeout for a mount
constexpr uint64_t kLongestGuess = 1'000'000;

// "12.3 of 28.6 GiB": one unit where both have the same.
std::string DoneOfTotal(uint64_t done, uint64_t total) {
  std::string first = FormatBytes(done);
  const std::string second = FormatBytes(total);
  const std::string unit = second.substr(second.find(' '));
  if (first.ends_with(unit)) first.resize(first.size() - unit.size());
  return StrCat(first, " of ", second);
}

std::string Pace(const WarmProgress& progress) {
  if (progress.bytes_per_second == 0 || progress.bytes_done >= progress.bytes_total) return "";
  const uint64_t left = (progress.bytes_total - progress.bytes_done) / progress.bytes_per_second;
  std::string rate = StrCat(", ", FormatRate(progress.bytes_per_second));
  if (left > kLongestGuess) return rate;
  return StrCat(rate, ", about ", FormatDuration(seconds(std::max<uint64_t>(1, left))));
}

// "43 percent", not "43%", which would have to be doubled for the kubelet (ToKubelet) and so in every log.
std::string HowFar(const WarmProgress& progress) {
  if (progress.bytes_total == 0) return progress.phase.empty() ? "just begun" : progress.phase;
  const uint64_t done = std::min(progress.bytes_done, progress.bytes_total);
  const auto percent = static_cast<int>(static_cast<double>(done) * 100 / static_cast<double>(progress.bytes_total));
  return StrCat(percent, " percent (", DoneOfTotal(done, progress.bytes_total), Pace(progress), ")");
}

}  // namespace

std::string WarmingText(const WarmProgress& progress) {
  std::string text = StrCat("model ", progress.model, " is warming: ", HowFar(progress));
  if (!progress.waiting_for.empty()) text += "; " + progress.waiting_for;
  return text;
}

SteadyTime WaitUntil(SteadyTime now, std::optional<SteadyTime> deadline) {
  const SteadyTime end = deadline.value_or(now + kDefaultWait);
  return std::max(end - kForTheReply, now + (end - now) / 2);
}

}  // namespace ballast::driver
