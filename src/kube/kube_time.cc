#include "kube/kube_time.h"

#include <array>
#include <cstdio>

#include "api/timestamp.h"

namespace ballast {

std::string FormatKubeMicroTime(WallTime time) {
  const auto seconds = std::chrono::floor<std::chrono::seconds>(time);
  std::array<char, 16> fraction{};
  std::snprintf(fraction.data(), fraction.size(), ".%06dZ",
                static_cast<int>(std::chrono::duration_cast<std::chrono::microseconds>(time - seconds).count()));
  std::string text = FormatTimestamp(seconds);
  text.pop_back();  // its Z
  return text + fraction.data();
}

}  // namespace ballast
