#include "kube/kube_time.h"

#include <array>
#include <cstdio>
#include <ctime>

namespace ballast {
namespace {

std::string Seconds(WallTime time) {
  const std::time_t seconds = std::chrono::floor<std::chrono::seconds>(time).time_since_epoch().count();
  std::tm parts{};
  gmtime_r(&seconds, &parts);
  std::array<char, 32> text{};
  return {text.data(), std::strftime(text.data(), text.size(), "%Y-%m-%dT%H:%M:%S", &parts)};
}

}  // namespace

std::string FormatKubeTime(WallTime time) { return Seconds(time) + "Z"; }

std::string FormatKubeMicroTime(WallTime time) {
  const auto fraction = time - std::chrono::floor<std::chrono::seconds>(time);
  std::array<char, 16> text{};
  std::snprintf(text.data(), text.size(), ".%06dZ",
                static_cast<int>(std::chrono::duration_cast<std::chrono::microseconds>(fraction).count()));
  return Seconds(time) + text.data();
}

}  // namespace ballast
