#include <cstddef>
#include <cstdint>

#include "base/mountinfo.h"
#include "core/mounted_view.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace ballast;
  const auto mounts = ParseMountInfo({reinterpret_cast<const char*>(data), size});
  if (!mounts.ok()) return 0;
  const CacheRoot cache{.device = "254:0", .path = "/cache"};
  (void)ViewsOf(cache, *mounts);
  (void)MountThatHolds(*mounts, "/var/lib/kubelet/pods");
  return 0;
}
