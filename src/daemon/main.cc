// ballastd: the cache of one node.
#include <malloc.h>
#include <pthread.h>
#include <sys/stat.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <csignal>
#include <cstdlib>
#include <iostream>

#include "base/file_limit.h"
#include "base/logging.h"
#include "base/run_main.h"
#include "daemon/config.h"
#include "daemon/daemon.h"
#include "daemon/stop_limit.h"
#include "kube/kube_access.h"
#include "kube/rest_kube_client.h"
#include "proto/grpc_log.h"

namespace ballast {
namespace {

constexpr int kExitUsage = 2;
constexpr std::chrono::seconds kStopLimit{20};  // less than the 30 s after which Kubernetes kills

struct Arguments {
  std::string config = "/etc/ballast/ballast.yaml";
  std::string node;
  std::string address;
  bool check = false;
  int verbosity = 0;
};

void Declare(CLI::App& app, Arguments& arguments) {
  app.add_option("--config", arguments.config, "Configuration file")->capture_default_str()->type_name("FILE");
  app.add_option("--node", arguments.node, "This node's name in Kubernetes; goes before `node` of the configuration")
      ->envname("NODE_NAME")
      ->type_name("NAME");
  app.add_option("--address", arguments.address, "Where other nodes reach this one, in Kubernetes: the pod's address")
      ->envname("POD_IP")
      ->type_name("IP");
  app.add_flag("--check-config", arguments.check, "Say whether the configuration is valid, and stop");
  app.add_option("-v,--verbosity", arguments.verbosity, "Log more: 1, 2")->type_name("N");
  app.set_version_flag("--version", "ballastd " BALLAST_VERSION);
}

// Blocked before the first thread starts, so that only WaitForSignal() takes them.
sigset_t BlockSignals() {
  sigset_t signals;
  sigemptyset(&signals);
  for (const int signal : {SIGTERM, SIGINT, SIGHUP}) sigaddset(&signals, signal);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  std::signal(SIGPIPE, SIG_IGN);
  return signals;
}

int WaitForSignal(const sigset_t& signals) {
  int signal = 0;
  do {
    sigwait(&signals, &signal);
  } while (signal == SIGHUP);  // files are followed as they change; there is nothing to reload
  return signal;
}

int Fail(const Status& status) {
  std::cerr << "ballastd: " << status.message() << "\n";
  return status.code() == StatusCode::kInvalidArgument ? kExitUsage : 1;
}

// A second signal ends the process at once: nothing is lost by that, the store expects it.
void AllowImpatience(const sigset_t& signals) {
  pthread_sigmask(SIG_UNBLOCK, &signals, nullptr);
  LimitStop(kStopLimit);
}

// Null: not in Kubernetes. Nothing is connected yet.
Result<std::unique_ptr<KubeClient>> ConnectKubernetes(const DaemonConfig& config) {
  if (!config.kubernetes) return std::unique_ptr<KubeClient>();
  const std::string& file = config.kubernetes->access;
  const auto environment = [](const char* name) {
    const char* value = std::getenv(name);  // NOLINT(concurrency-mt-unsafe): nobody sets any
    return std::string(value == nullptr ? "" : value);
  };
  const Result<KubeAccess> access = file.empty() ? InClusterAccess(environment) : LoadKubeconfig(file);
  if (!access.ok()) return access.status().WithContext("kubernetes.access");
  ASSIGN_OR_RETURN(auto client, RestKubeClient::Create(
                                    *access, {.user_agent = "ballastd/" BALLAST_VERSION, .field_manager = "ballastd"}));
  return std::unique_ptr<KubeClient>(std::move(client));
}

Status Run(const DaemonConfig& config) {
  const sigset_t signals = BlockSignals();
  umask(022);
  mallopt(M_ARENA_MAX, 2);  // an arena per thread keeps 15 MiB more after a few dozen downloads
  const RealClock clock;
  ASSIGN_OR_RETURN(const std::unique_ptr<KubeClient> kube, ConnectKubernetes(config));
  ModelManager::Options jobs{.slots = config.fetch.models};
  jobs.times.poll = config.poll;
  ASSIGN_OR_RETURN(
      std::unique_ptr<Daemon> daemon,
      Daemon::Start({.config = config, .version = BALLAST_VERSION, .jobs = jobs, .kube = kube.get()}, clock));
  const int signal = WaitForSignal(signals);
  LOG(INFO) << Message("Stopping").With("signal", signal);
  AllowImpatience(signals);
  daemon.reset();
  LOG(INFO) << Message("Stopped");
  return OkStatus();
}

int Main(int argc, char** argv) {
  CLI::App app("Keeps AI models on this node: one verified copy each, fetched once, mounted by many.", "ballastd");
  Arguments arguments;
  Declare(app, arguments);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : kExitUsage;
  }
  Result<DaemonConfig> config = LoadConfig(arguments.config);
  if (!config.ok()) return Fail(config.status());
  if (config->kubernetes && !arguments.node.empty()) config->node = arguments.node;
  if (config->kubernetes) config->address = arguments.address;
  if (arguments.check) {
    std::cout << arguments.config << " is valid\n";
    return 0;
  }
  InitLogging(argv[0], arguments.verbosity);
  LogGrpcAsOurs();
  RaiseFileLimit();
  const Status status = Run(*config);
  return status.ok() ? 0 : Fail(status);
}

}  // namespace
}  // namespace ballast

int main(int argc, char** argv) { return ballast::RunMain(ballast::Main, argc, argv); }
