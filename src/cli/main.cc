// ballast: models as verified directories, from a person's shell.
#include <pthread.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <atomic>
#include <csignal>
#include <cstdlib>
#include <iostream>
#include <stop_token>
#include <thread>

#include "base/logging.h"
#include "base/thread.h"
#include "cli/cli.h"
#include "cli/cluster/cluster_cli.h"
#include "kube/exec_credential.h"
#include "kube/rest_kube_client.h"

namespace ballast::cli {
namespace {

// Blocked before the first thread starts, so that only the watcher takes them.
sigset_t BlockSignals() {
  sigset_t signals;
  sigemptyset(&signals);
  for (const int signal : {SIGINT, SIGTERM, SIGHUP}) sigaddset(&signals, signal);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  std::signal(SIGPIPE, SIG_IGN);
  return signals;
}

int TerminalWidth() {
  winsize size = {};
  return ::ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? size.ws_col : 80;
}

// The first signal asks for an orderly end, a second one ends at once; what was received is kept either way.
class SignalWatch {
 public:
  explicit SignalWatch(const sigset_t& signals) : signals_(signals), thread_(StartThread([this] { Watch(); })) {}
  ~SignalWatch() {
    done_ = true;
    pthread_kill(thread_.native_handle(), SIGHUP);  // it is blocked: all it does is to end sigwait()
  }
  std::stop_token token() const { return stop_.get_token(); }

 private:
  void Watch() {
    for (int signal = 0; sigwait(&signals_, &signal) == 0 && !done_;) {
      if (!stop_.request_stop()) std::_Exit(128 + signal);
    }
  }

  const sigset_t signals_;
  std::stop_source stop_;
  std::atomic<bool> done_ = false;
  std::jthread thread_;  // last: it uses the rest
};

Result<std::shared_ptr<KubeClient>> ConnectToCluster(const KubeAccess& access) {
  ASSIGN_OR_RETURN(const KubeAccess known, Authenticate(access, ::isatty(STDIN_FILENO) == 1));
  ASSIGN_OR_RETURN(std::shared_ptr<KubeClient> client,
                   RestKubeClient::Create(known, {.user_agent = "kubectl-ballast"}));
  return client;
}

// `ballast kube ..`, or the name under which kubectl finds it.
bool IsForCluster(std::string_view program, const std::vector<std::string>& arguments) {
  return program.substr(program.rfind('/') + 1) == "kubectl-ballast" ||
         (!arguments.empty() && arguments.front() == "kube");
}

int Main(const std::string& program, std::vector<std::string> arguments) {
  const SignalWatch watch(BlockSignals());
  InitLogging("ballast");
  const RealClock clock;
  if (IsForCluster(program, arguments)) {
    if (!arguments.empty() && arguments.front() == "kube") arguments.erase(arguments.begin());
    return RunInCluster(arguments,
                        {std::cout, std::cerr, ProcessEnvironment(), clock, ConnectToCluster, watch.token()});
  }
  const bool terminal = ::isatty(STDERR_FILENO) == 1;
  return Run(arguments, {std::cout, std::cerr, terminal, TerminalWidth(), ProcessEnvironment(), clock, ConnectToCache,
                         watch.token()});
}

}  // namespace
}  // namespace ballast::cli

int main(int argc, char** argv) { return ballast::cli::Main(argv[0], {argv + 1, argv + argc}); }
