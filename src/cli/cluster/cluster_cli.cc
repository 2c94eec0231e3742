#include "cli/cluster/cluster_cli.h"

#include <algorithm>
#include <iostream>
#include <iterator>

#include "base/small_file.h"
#include "base/strings.h"
#include "cli/cluster/cache_report.h"
#include "cli/cluster/cluster_options.h"
#include "cli/cluster/policy_plan.h"
#include "cli/cluster/resources.h"
#include "cli/cluster/uninstall.h"
#include "cli/cluster/why.h"
#include "cli/exit_code.h"

namespace ballast::cli {
namespace {

constexpr size_t kMaxObjectBytes = 1 << 20;
constexpr std::chrono::seconds kAskAgain{1};
constexpr size_t kMaxNamed = 10;  // pods in an error

std::vector<std::string> KubeconfigsOf(const ClusterOptions& options, const ClusterWorld& world) {
  if (!options.kubeconfig.empty()) return {options.kubeconfig};
  const std::string list = world.environment("KUBECONFIG");
  std::vector<std::string> named;
  for (const std::string_view path : Split(list, ':')) {
    if (!path.empty()) named.emplace_back(path);
  }
  return named;
}

Result<KubeAccess> FindAccess(const ClusterOptions& options, const ClusterWorld& world) {
  const std::vector<std::string> named = KubeconfigsOf(options, world);
  if (!named.empty()) return LoadKubeconfigs(named, options.context);
  if (options.context.empty()) {
    Result<KubeAccess> pod = InClusterAccess([&](const char* name) { return world.environment(name); });
    if (pod.ok() || pod.status().code() != StatusCode::kNotFound) return pod;
  }
  return LoadKubeconfigs({world.environment("HOME") + "/.kube/config"}, options.context);
}

class ClusterRunner {
 public:
  ClusterRunner(const ClusterOptions& options, const ClusterWorld& world)
      : options_(options), world_(world), limits_(world.stop, std::chrono::seconds(30)) {}

  Status Run() {
    if (const auto* help = std::get_if<ClusterHelpCommand>(&options_.command)) return Do(*help);
    ASSIGN_OR_RETURN(const KubeAccess access, FindAccess(options_, world_));
    ns_ = options_.ns.empty() ? access.ns : options_.ns;
    ASSIGN_OR_RETURN(client_, world_.connect(access));
    return std::visit([this](const auto& command) { return Do(command); }, options_.command);
  }

 private:
  Status Do(const ClusterHelpCommand& help) { return Show(help.text); }

  Status Do(const WhyCommand& why) {
    const ObjectName name{ns_, why.name};
    if (why.kind == "pod") {
      ASSIGN_OR_RETURN(const PodLook look, LookAtPod(*client_, name, limits_));
      return Explain(ExplainPod(look));
    }
    ASSIGN_OR_RETURN(const ClaimLook look, LookAtClaim(*client_, name, limits_));
    return Explain(ExplainClaim(look));
  }
  Status Explain(const Explanation& explanation) {
    return Show(options_.json ? JsonText(explanation) : Text(explanation, world_.clock.Now()));
  }

  Status Do(const CacheStatusCommand& status) {
    ASSIGN_OR_RETURN(const CacheReport report, LookAtCaches(*client_, status.cache, limits_));
    return Show(options_.json ? JsonText(report) : Text(report));
  }

  Status Do(const PlanCommand& plan) {
    ASSIGN_OR_RETURN(const std::string text, ReadInput(plan.file));
    ASSIGN_OR_RETURN(CachePolicy policy, ReadPolicy(text, plan.file));
    ASSIGN_OR_RETURN(const PlanInput input, LookForPlan(*client_, std::move(policy), limits_));
    const PolicyPlan result = PlanPolicy(input);
    return Show(options_.json ? JsonText(result) : Text(result));
  }

  // The kind may be served only in a moment: its CRD was applied just before.
  Status Do(const ApplyCommand& apply) {
    ASSIGN_OR_RETURN(const std::string text, ReadInput(apply.file));
    ASSIGN_OR_RETURN(const Json object, ParseJson(text));
    return Try(
        [&] {
          return client_->Apply(kCachePolicies, {object, "ballast-chart"}, limits_).status();
        },
        world_.clock.Steady() + options_.timeout, StrCat("applied ", NameOf(object).name, "\n"));
  }

  Status Do(const CheckUninstallCommand&) {
    RETURN_IF_ERROR(CheckNothingMounted(*client_, limits_));
    return Show("no pod has a volume of Ballast mounted\n");
  }

  // A node that is not ready must not leave finalizers behind, which hold up namespaces for ever.
  Status Do(const CleanUpCommand& command) {
    Status purged = AwaitPurge(command.wait_for);
    const Result<CleanedUp> done = CleanUp(*client_, {ns_, command.secret}, limits_);
    if (!done.ok()) return purged.ok() ? done.status() : done.status().WithContext(purged.message());
    RETURN_IF_ERROR(Show(done->lines.empty() ? "nothing was left\n" : Join(done->lines, "\n") + "\n"));
    return purged;
  }

  // All of them within one timeout: who started this command waits no longer.
  Status AwaitPurge(const std::vector<std::string>& names) {
    const SteadyTime end = world_.clock.Steady() + options_.timeout;
    std::vector<std::string> late;
    for (const std::string& name : names) {
      const Status status = Try([&] { return RolledOutFully(name); }, end, StrCat(name, " is done\n"));
      if (!status.ok()) late.push_back(LateText(name, status));
    }
    if (late.empty()) return OkStatus();
    return Unavailable(StrCat("not all nodes were purged: ", Join(late, "; "),
                              "; such a node keeps its cache folder: remove it there by hand"));
  }

  std::string LateText(const std::string& name, const Status& status) {
    Result<std::vector<std::string>> pods = PodsNotReady(*client_, {ns_, name}, limits_);
    if (!pods.ok() || pods->empty()) return status.message();
    const size_t count = pods->size();
    pods->resize(std::min(count, kMaxNamed));
    return StrCat(status.message(), ", not ", Join(*pods, ", "), count > kMaxNamed ? ", ..." : "");
  }

  Status RolledOutFully(const std::string& name) {
    ASSIGN_OR_RETURN(const RolledOut now, LookAtDaemonSet(*client_, {ns_, name}, limits_));
    if (now.ready >= now.desired) return OkStatus();
    return Unavailable(StrCat("DaemonSet ", name, ": ", now.ready, " of ", now.desired, " pods are ready"));
  }

  // Until it succeeds, or `end`.
  template <typename Act>
  Status Try(const Act& act, SteadyTime end, const std::string& success) {
    Status status = act();
    while (!status.ok() && world_.clock.Steady() < end && !world_.stop.stop_requested()) {
      world_.pause(kAskAgain, world_.stop);
      status = act();
    }
    return status.ok() ? Show(success) : status;
  }

  static Result<std::string> ReadInput(const std::string& file) {
    if (file != "-") return ReadSmallFile(file, kMaxObjectBytes);
    return std::string(std::istreambuf_iterator<char>(std::cin), {});
  }

  Status Show(const std::string& text) {
    world_.out << text;
    return OkStatus();
  }

  const ClusterOptions& options_;
  const ClusterWorld& world_;
  const CallLimits limits_;
  std::string ns_;
  std::shared_ptr<KubeClient> client_;
};

int Fail(const Status& status, const ClusterWorld& world) {
  world.err << "error: " << status.message() << "\n";
  return ExitCodeOf(status);
}

}  // namespace

int RunInCluster(const std::vector<std::string>& arguments, const ClusterWorld& world) {
  const Result<ClusterOptions> options = ParseClusterOptions(arguments);
  if (!options.ok()) return Fail(options.status(), world);
  const Status status = ClusterRunner(*options, world).Run();
  return status.ok() ? kOk : Fail(status, world);
}

}  // namespace ballast::cli
