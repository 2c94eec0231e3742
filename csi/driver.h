// ballast-csi without its command line: the parts, wired.
#pragma once

#include <memory>
#include <string>

#include "base/status.h"
#include "csi/cache_client.h"

namespace grpc {
class Service;
}

namespace ballast::driver {

struct DriverOptions {
  std::string endpoint = "unix:///var/lib/kubelet/plugins/csi.ballast.dev/csi.sock";
  std::string cache_socket = "/run/ballast/ballastd.sock";
  std::string cache_dir = "/var/lib/ballast";
  std::string kubelet_registry = "/var/lib/kubelet/plugins_registry";  // "" = no kubelet here
  std::string node_name;
  std::string version;
};

// Serves CSI from Start until destruction; mounts stay.
class Driver {
 public:
  // `cache` talks to ballastd; MakeGrpcCacheClient for all but tests.
  static Result<std::unique_ptr<Driver>> Start(const DriverOptions& options, std::unique_ptr<CacheClient> cache);
  // With a controller service beside it, for csi-sanity.
  static Result<std::unique_ptr<Driver>> StartWithController(const DriverOptions& options,
                                                             std::unique_ptr<CacheClient> cache,
                                                             std::unique_ptr<grpc::Service> controller);
  ~Driver();
  Driver(const Driver&) = delete;
  Driver& operator=(const Driver&) = delete;

  // "" until the kubelet has refused the driver; then its words.
  std::string refusal() const;

 private:
  struct Impl;
  explicit Driver(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace ballast::driver
