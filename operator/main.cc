// ballast-operator: decides which models are where.
#include <malloc.h>
#include <prometheus/registry.h>
#include <pthread.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <array>
#include <csignal>
#include <cstdlib>
#include <iostream>
#include <random>

#include "base/file_limit.h"
#include "base/logging.h"
#include "base/run_main.h"
#include "base/strings.h"
#include "kube/kube_access.h"
#include "kube/kube_metrics.h"
#include "kube/rest_kube_client.h"
#include "operator/issuer/issuer_host.h"
#include "operator/manager.h"
#include "operator/operator_config.h"
#include "operator/tasks.h"
#include "proto/grpc_log.h"

namespace ballast::controller {
namespace {

constexpr int kExitUsage = 2;

struct Arguments {
  std::string config = "/etc/ballast/operator.yaml";
  std::string kubeconfig;
  std::string pod;
  std::string ns;
  bool check = false;
  int verbosity = 0;
};

void Declare(CLI::App& app, Arguments& arguments) {
  app.add_option("--config", arguments.config, "Configuration file")->capture_default_str()->type_name("FILE");
  app.add_option("--kubeconfig", arguments.kubeconfig, "The cluster; default: the one that this pod runs in")
      ->type_name("FILE");
  app.add_option("--pod", arguments.pod, "This pod's name")->envname("POD_NAME");
  app.add_option("--namespace", arguments.ns, "This pod's namespace")->envname("POD_NAMESPACE");
  app.add_flag("--check-config", arguments.check, "Say whether the configuration is valid, and stop");
  app.add_option("-v,--verbosity", arguments.verbosity, "Log more: 1, 2")->type_name("N");
  app.set_version_flag("--version", "ballast-operator " BALLAST_VERSION);
}

// Blocked before the first thread starts, so that only Run() takes them.
sigset_t BlockSignals() {
  sigset_t signals;
  sigemptyset(&signals);
  for (const int signal : {SIGTERM, SIGINT}) sigaddset(&signals, signal);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  std::signal(SIGPIPE, SIG_IGN);
  return signals;
}

std::string Environment(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? "" : value;
}

Result<KubeAccess> FindAccess(const Arguments& arguments) {
  return arguments.kubeconfig.empty() ? InClusterAccess(Environment) : LoadKubeconfig(arguments.kubeconfig);
}

std::string HostName() {
  std::array<char, 256> name{};
  return ::gethostname(name.data(), name.size() - 1) == 0 ? name.data() : "operator";
}

// A pod of the same name may come back while the lease still names the old one.
std::string MakeIdentity(const std::string& pod) {
  std::random_device random;
  return StrCat(pod, "_", random(), random());
}

ManagerOptions OptionsOf(const Arguments& arguments, const OperatorConfig& config, const KubeAccess& access) {
  const std::string pod = arguments.pod.empty() ? HostName() : arguments.pod;
  return {.config = config,
          .ns = arguments.ns.empty() ? access.ns : arguments.ns,
          .pod = pod,
          .identity = MakeIdentity(pod)};
}

Status Run(const Arguments& arguments, const OperatorConfig& config) {
  const sigset_t signals = BlockSignals();
  mallopt(M_ARENA_MAX, 2);  // an arena per thread keeps what a list of thousands of objects left there
  const RealClock clock;
  prometheus::Registry registry;
  ASSIGN_OR_RETURN(const KubeAccess access, FindAccess(arguments));
  ASSIGN_OR_RETURN(const auto client, RestKubeClient::Create(access, {.user_agent = "ballast-operator/" BALLAST_VERSION,
                                                                      .field_manager = "ballast-operator",
                                                                      .on_answer = CountKubeAnswers(registry)}));
  ManagerOptions options = OptionsOf(arguments, config, access);
  ASSIGN_OR_RETURN(const auto issuer, IssuerHost::Start({*client, clock, registry}, config, options.ns));
  options.also_ready = [&issuer] { return issuer->IsReady(); };
  options.credentials = [&issuer] { return issuer->credentials(); };
  ASSIGN_OR_RETURN(const auto tasks, MakeTasks(config, clock, registry, [&issuer] { return issuer->credentials(); }));
  ASSIGN_OR_RETURN(const auto manager, Manager::Start({*client, clock, registry}, std::move(options), tasks));
  int signal = 0;
  sigwait(&signals, &signal);
  LOG(INFO) << Message("Stopping").With("signal", signal);
  pthread_sigmask(SIG_UNBLOCK, &signals, nullptr);  // a second one ends it at once
  return OkStatus();
}

int Fail(const Status& status) {
  std::cerr << "ballast-operator: " << status.message() << "\n";
  return status.code() == StatusCode::kInvalidArgument ? kExitUsage : 1;
}

int Main(int argc, char** argv) {
  CLI::App app("Decides which models are on which nodes of a cluster.", "ballast-operator");
  Arguments arguments;
  Declare(app, arguments);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : kExitUsage;
  }
  const Result<OperatorConfig> config = LoadOperatorConfig(arguments.config);
  if (!config.ok()) return Fail(config.status());
  if (arguments.check) {
    std::cout << arguments.config << " is valid\n";
    return 0;
  }
  InitLogging(argv[0], arguments.verbosity);
  LogGrpcAsOurs();
  RaiseFileLimit();
  const Status status = Run(arguments, *config);
  return status.ok() ? 0 : Fail(status);
}

}  // namespace
}  // namespace ballast::controller

int main(int argc, char** argv) { return ballast::RunMain(ballast::controller::Main, argc, argv); }
