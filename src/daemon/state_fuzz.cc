#include <string_view>

#include "base/check.h"
#include "daemon/early_mounts.h"
#include "daemon/resolutions.h"

// The daemon's own small files: any bytes are an error, or values that survive being written and read again.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {  // NOLINT(readability-identifier-naming)
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto resolutions = ballast::ResolutionsFromJson(text);
  if (resolutions.ok())
    BALLAST_CHECK(ballast::ResolutionsFromJson(ballast::ResolutionsToJson(*resolutions)).value() == *resolutions);
  const auto mounts = ballast::EarlyMountsFromJson(text);
  if (mounts.ok()) BALLAST_CHECK(ballast::EarlyMountsFromJson(ballast::EarlyMountsToJson(*mounts)).value() == *mounts);
  return 0;
}
