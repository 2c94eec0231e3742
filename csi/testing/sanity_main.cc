// ballast-csi-sanity: the real Identity and Node servers with a small controller, for csi-sanity to test. With
// --cache-socket it uses a real ballastd; without, a fake cache over --cache-dir.
#include <CLI/CLI.hpp>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <iostream>

#include "base/logging.h"
#include "csi/driver.h"
#include "csi/grpc_cache_client.h"
#include "csi/testing/controller_service.h"
#include "csi/testing/fake_cache.h"

namespace ballast::driver {
namespace {

// A cache directory with one view that every name leads to.
std::unique_ptr<CacheClient> MakeFakeCache(const std::string& cache_dir) {
  const std::string view = "views/a1/data";
  std::filesystem::create_directories(cache_dir + "/" + view);
  std::ofstream(cache_dir + "/" + view + "/weights") << "bytes";
  auto cache = std::make_unique<FakeCache>();
  cache->SetAnyModel({.view = view});
  return cache;
}

int Run(const DriverOptions& options) {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGTERM);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  auto cache = options.cache_socket.empty() ? MakeFakeCache(options.cache_dir)
                                            : MakeGrpcCacheClient({.socket_path = options.cache_socket});
  const auto driver = Driver::StartWithController(options, std::move(cache), MakeControllerService());
  if (!driver.ok()) {
    std::cerr << driver.status() << "\n";
    return 1;
  }
  int signal = 0;
  sigwait(&signals, &signal);
  return 0;
}

}  // namespace
}  // namespace ballast::driver

int main(int argc, char** argv) {
  ballast::driver::DriverOptions options{
      .cache_socket = "", .kubelet_registry = "", .node_name = "sanity-node", .version = BALLAST_VERSION};
  CLI::App app("ballast-csi with a controller, for csi-sanity.");
  app.add_option("--endpoint", options.endpoint)->required();
  app.add_option("--cache-dir", options.cache_dir)->required();
  app.add_option("--cache-socket", options.cache_socket);
  CLI11_PARSE(app, argc, argv);
  ballast::InitLogging(argv[0]);
  return ballast::driver::Run(options);
}
