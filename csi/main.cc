// ballast-csi: the CSI driver of one node.
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <array>
#include <csignal>
#include <iostream>

#include "base/file_limit.h"
#include "base/logging.h"
#include "base/run_main.h"
#include "csi/driver.h"
#include "csi/grpc_cache_client.h"
#include "csi/unix_socket.h"
#include "proto/grpc_log.h"

namespace ballast::driver {
namespace {

constexpr int kExitUsage = 2;

std::string HostName() {
  std::array<char, 256> name{};
  return ::gethostname(name.data(), name.size() - 1) == 0 ? name.data() : "";
}

void Declare(CLI::App& app, DriverOptions& options, int& verbosity) {
  app.add_option("--endpoint", options.endpoint, "Socket to serve CSI on")->capture_default_str()->type_name("UNIX");
  app.add_option("--cache-socket", options.cache_socket, "Socket of ballastd")
      ->capture_default_str()
      ->type_name("PATH");
  app.add_option("--cache-dir", options.cache_dir, "The cache directory of ballastd")
      ->capture_default_str()
      ->type_name("DIR");
  app.add_option("--kubelet-registry", options.kubelet_registry,
                 "Where the kubelet looks for plugins; \"\" = no kubelet")
      ->capture_default_str()
      ->type_name("DIR");
  app.add_option("--node-name", options.node_name, "The node's name in the cluster")
      ->envname("NODE_NAME")
      ->capture_default_str()
      ->type_name("NAME");
  app.add_option("-v,--verbosity", verbosity, "Log more: 1, 2")->type_name("N");
  app.set_version_flag("--version", "ballast-csi " BALLAST_VERSION);
}

// Blocked before the first thread starts, so that only sigwait takes them.
sigset_t BlockSignals() {
  sigset_t signals;
  sigemptyset(&signals);
  for (const int signal : {SIGTERM, SIGINT}) sigaddset(&signals, signal);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  std::signal(SIGPIPE, SIG_IGN);
  return signals;
}

int Fail(const Status& status) {
  std::cerr << "ballast-csi: " << status.message() << "\n";
  return status.code() == StatusCode::kInvalidArgument ? kExitUsage : 1;
}

int Run(const DriverOptions& options) {
  const sigset_t signals = BlockSignals();
  const auto socket = SocketPath(options.cache_socket);
  if (!socket.ok()) return Fail(socket.status().WithContext("--cache-socket"));
  const auto driver = Driver::Start(options, MakeGrpcCacheClient({.socket_path = *socket}));
  if (!driver.ok()) return Fail(driver.status());
  int signal = 0;
  sigwait(&signals, &signal);
  LOG(INFO) << Message("Stopping; what is mounted stays").With("signal", signal);
  const std::string refusal = (*driver)->refusal();
  return refusal.empty() ? 0 : Fail(FailedPrecondition("the kubelet refused the driver: " + refusal));
}

int Main(int argc, char** argv) {
  DriverOptions options{.node_name = HostName(), .version = BALLAST_VERSION};
  int verbosity = 0;
  CLI::App app("The CSI driver of one node: mounts models of ballastd's cache into pods.", "ballast-csi");
  Declare(app, options, verbosity);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : kExitUsage;
  }
  InitLogging(argv[0], verbosity);
  LogGrpcAsOurs();
  RaiseFileLimit();
  return Run(options);
}

}  // namespace
}  // namespace ballast::driver

int main(int argc, char** argv) { return ballast::RunMain(ballast::driver::Main, argc, argv); }
