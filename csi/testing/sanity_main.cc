// ballast-csi-sanity: the real Identity and Node servers with a small controller, for csi-sanity to test. With
// --cache-socket it uses a real ballastd; without, a fake cache over --cache-dir.
#include <CLI/CLI.hpp>
#include <csignal>
#include <iostream>

#include "base/logging.h"
#include "base/run_main.h"
#include "csi/driver.h"
#include "csi/grpc_cache_client.h"
#include "csi/testing/controller_service.h"

namespace ballast::driver {
namespace {

int Run(const DriverOptions& options) {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGTERM);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  auto cache = MakeGrpcCacheClient({.socket_path = options.cache_socket});
  const auto driver = Driver::StartWithController(options, std::move(cache), MakeControllerService());
  if (!driver.ok()) {
    std::cerr << driver.status() << "\n";
    return 1;
  }
  int signal = 0;
  sigwait(&signals, &signal);
  return 0;
}

int Main(int argc, char** argv) {
  DriverOptions options{.kubelet_registry = "", .node_name = "sanity-node", .version = BALLAST_VERSION};
  CLI::App app("ballast-csi with a controller, for csi-sanity.");
  app.add_option("--endpoint", options.endpoint)->required();
  app.add_option("--cache-dir", options.cache_dir)->required();
  app.add_option("--cache-socket", options.cache_socket)->required();
  CLI11_PARSE(app, argc, argv);
  InitLogging(argv[0]);
  return Run(options);
}

}  // namespace
}  // namespace ballast::driver

int main(int argc, char** argv) { return ballast::RunMain(ballast::driver::Main, argc, argv); }
