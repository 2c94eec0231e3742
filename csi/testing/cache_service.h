// ballastd's local API over a FakeCache, on a real socket.
#pragma once

#include <memory>
#include <string>

#include "csi/testing/fake_cache.h"

namespace ballast::driver {

class CacheService {
 public:
  // Listens at once. `cache` must outlive it.
  CacheService(const std::string& socket_path, FakeCache& cache);
  ~CacheService();
  CacheService(const CacheService&) = delete;
  CacheService& operator=(const CacheService&) = delete;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace ballast::driver
