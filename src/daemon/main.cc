// ballastd: the cache of one node.
#include <malloc.h>
#include <pthread.h>
#include <sys/stat.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <csignal>
#include <iostream>

#include "base/file_limit.h"
#include "base/logging.h"
#include "base/run_main.h"
#include "daemon/config.h"
#include "daemon/daemon.h"
#include "daemon/stop_limit.h"
#include "proto/grpc_log.h"

namespace ballast {
namespace {

constexpr int kExitUsage = 2;
constexpr std::chrono::seconds kStopLimit{20};  // less than the 30 s after which Kubernetes kills

struct Arguments {
  std::string config = "/etc/ballast/ballast.yaml";
  bool check = false;
  int verbosity = 0;
};

void Declare(CLI::App& app, Arguments& arguments) {
  app.add_option("--config", arguments.config, "Configuration file")->capture_default_str()->type_name("FILE");
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

Status Run(const DaemonConfig& config) {
  const sigset_t signals = BlockSignals();
  umask(022);
  mallopt(M_ARENA_MAX, 2);  // an arena per thread keeps 15 MiB more after a few dozen downloads
  const RealClock clock;
  ModelManager::Options jobs{.slots = config.fetch.models};
  jobs.times.poll = config.poll;
  ASSIGN_OR_RETURN(std::unique_ptr<Daemon> daemon,
                   Daemon::Start({.config = config, .version = BALLAST_VERSION, .jobs = jobs}, clock));
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
  const Result<DaemonConfig> config = LoadConfig(arguments.config);
  if (!config.ok()) return Fail(config.status());
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
