// CacheClient over ballastd's unix socket (src/proto/cache.proto).
#pragma once

#include <chrono>
#include <memory>
#include <string>

#include "csi/cache_client.h"

namespace ballast::driver {

struct CacheClientOptions {
  std::string socket_path;
  // How long a Prepare waits for a ballastd that is not there (it may just restart) before it says so.
  std::chrono::milliseconds patience{20'000};
  // For the calls that must not hold anything up.
  std::chrono::milliseconds quick{2'000};
};

std::unique_ptr<CacheClient> MakeGrpcCacheClient(const CacheClientOptions& options);

}  // namespace ballast::driver
