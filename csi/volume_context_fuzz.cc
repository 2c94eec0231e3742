#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>

#include "base/strings.h"
#include "csi/volume_context.h"

// Lines "key=value".
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  std::map<std::string, std::string> attributes;
  for (const std::string_view line : ballast::Split({reinterpret_cast<const char*>(data), size}, '\n')) {
    const size_t equal = line.find('=');
    if (equal != std::string_view::npos) attributes[std::string(line.substr(0, equal))] = line.substr(equal + 1);
  }
  (void)ballast::driver::ParseVolumeContext(attributes);
  return 0;
}
