#include <cstddef>
#include <cstdint>

#include "csi/mount/cache_mounts.h"
#include "csi/mount/mountinfo.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace ballast::driver;
  const auto mounts = ParseMountInfo({reinterpret_cast<const char*>(data), size});
  if (!mounts.ok()) return 0;
  const CacheRoot cache{.device = "254:0", .path = "/cache"};
  (void)ViewsOf(cache, *mounts);
  (void)PropagationProblem(*mounts, "/var/lib/kubelet/pods");
  return 0;
}
