#include "cli/cluster/cluster_options.h"

#include <CLI/CLI.hpp>
#include <algorithm>

#include "base/strings.h"

namespace ballast::cli {
namespace {

struct Raw {
  std::string what;
  std::string name;
  CacheStatusCommand status;
  PlanCommand plan;
  ApplyCommand apply;
  CleanUpCommand clean_up;
  std::string output = "text";
  int64_t timeout = 300;
};

void Declare(CLI::App& app, Raw& raw, ClusterOptions& options) {
  app.require_subcommand(1);
  app.fallthrough();
  app.add_option("--kubeconfig", options.kubeconfig,
                 "The cluster; default: $KUBECONFIG, the pod that this is, ~/.kube/config")
      ->type_name("FILE");
  app.add_option("--context", options.context, "Of the kubeconfig; default: its current one")->type_name("NAME");
  app.add_option("-n,--namespace", options.ns, "Of the pod or claim; default: the kubeconfig's")->type_name("NAME");
  app.add_option("-o,--output", raw.output, "text or json")
      ->check(CLI::IsMember({"text", "json"}))
      ->capture_default_str()
      ->type_name("FORMAT");
  app.add_option("--timeout", raw.timeout, "Give up after so many seconds")
      ->check(CLI::Range(1, 86400))
      ->capture_default_str()
      ->type_name("SECONDS");
  CLI::App* why = app.add_subcommand("why", "What a pod or a claim waits for, since when, and what to do");
  why->add_option("WHAT", raw.what, "pod/NAME or pvc/NAME")->required();
  why->add_option("NAME", raw.name, "The name, where WHAT is pod or pvc alone");
  CLI::App* status = app.add_subcommand("status", "The caches of the cluster; or one, node by node");
  status->add_option("CACHE", raw.status.cache, "NAME of a ClusterModelCache, NAMESPACE/NAME of a ModelCache");
  CLI::App* plan = app.add_subcommand("plan", "What a CachePolicy would evict or not admit, before it is applied");
  plan->add_option("-f,--filename", raw.plan.file, "The policy; - = standard input")->required()->type_name("FILE");
  CLI::App* apply =
      app.add_subcommand("apply", "For the chart: applies an object (JSON), once its kind is served")->group("");
  apply->add_option("-f,--filename", raw.apply.file, "The object")->required()->type_name("FILE");
  app.add_subcommand("check-uninstall", "For the chart: fails while pods have our volumes mounted")->group("");
  CLI::App* clean = app.add_subcommand(
      "clean-up", "After an uninstall without hooks: removes finalizers, CacheNodes and what else the operator left");
  clean->add_option("--secret", raw.clean_up.secret, "The Secret of the CA that the operator made")->type_name("NAME");
  clean->add_option("--wait-for", raw.clean_up.wait_for, "For the chart: a DaemonSet whose pods must be ready first")
      ->type_name("NAME");
}

Result<WhyCommand> WhyOf(const Raw& raw) {
  const size_t slash = raw.what.find('/');
  WhyCommand why{raw.what.substr(0, slash), slash == std::string::npos ? raw.name : raw.what.substr(slash + 1)};
  static const std::vector<std::pair<std::string, std::string>> kKinds = {{"pod", "pod"},
                                                                          {"pods", "pod"},
                                                                          {"po", "pod"},
                                                                          {"pvc", "pvc"},
                                                                          {"persistentvolumeclaim", "pvc"},
                                                                          {"persistentvolumeclaims", "pvc"}};
  const auto kind = std::find_if(kKinds.begin(), kKinds.end(), [&](const auto& k) { return k.first == why.kind; });
  if (kind == kKinds.end() || why.name.empty())
    return InvalidArgument(StrCat("why takes pod/NAME or pvc/NAME, not ", Quoted(raw.what)));
  why.kind = kind->second;
  return why;
}

Result<ClusterCommand> CommandOf(const std::string& name, Raw& raw) {
  if (name == "why") {
    ASSIGN_OR_RETURN(WhyCommand why, WhyOf(raw));
    return ClusterCommand(std::move(why));
  }
  if (name == "status") return ClusterCommand(raw.status);
  if (name == "plan") return ClusterCommand(raw.plan);
  if (name == "apply") return ClusterCommand(raw.apply);
  if (name == "clean-up") return ClusterCommand(raw.clean_up);
  return ClusterCommand(CheckUninstallCommand{});
}

}  // namespace

Result<ClusterOptions> ParseClusterOptions(const std::vector<std::string>& arguments) {
  CLI::App app("Ballast in a Kubernetes cluster.", "kubectl ballast");
  Raw raw;
  ClusterOptions options;
  Declare(app, raw, options);
  try {
    app.parse(std::vector<std::string>(arguments.rbegin(), arguments.rend()));
  } catch (const CLI::CallForHelp&) {
    return ClusterOptions{.command = ClusterHelpCommand{app.help()}};
  } catch (const CLI::ParseError& error) {
    return InvalidArgument(StrCat(error.what(), "; see kubectl ballast --help"));
  }
  ASSIGN_OR_RETURN(options.command, CommandOf(app.get_subcommands().front()->get_name(), raw));
  options.json = raw.output == "json";
  options.timeout = std::chrono::seconds(raw.timeout);
  return options;
}

}  // namespace ballast::cli
