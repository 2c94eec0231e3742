#include <string_view>

#include "base/check.h"
#include "daemon/config.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const auto config = ballast::ParseConfig({reinterpret_cast<const char*>(data), size}, "fuzz.yaml");
  if (config.ok()) BALLAST_CHECK(config->cache.dir.starts_with('/') && config->fetch.streams > 0) << "an accepted configuration is valid";
  return 0;
}
