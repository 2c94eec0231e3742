// The command line of `ballast kube`, also called kubectl-ballast, as a value.
#pragma once

#include <chrono>
#include <string>
#include <variant>
#include <vector>

#include "base/status.h"

namespace ballast::cli {

struct WhyCommand {
  std::string kind;  // "pod", "pvc"
  std::string name;
};
struct CacheStatusCommand {
  std::string cache;  // "namespace/name", or name of a ClusterModelCache; "" = all
};
struct PlanCommand {
  std::string file;
};
// What the chart's hooks run.
struct ApplyCommand {
  std::string file;  // JSON
};
struct CheckUninstallCommand {};
struct CleanUpCommand {
  std::string secret;
  std::vector<std::string> wait_for;  // DaemonSets that purge nodes
};
struct ClusterHelpCommand {
  std::string text;
};

using ClusterCommand = std::variant<WhyCommand, CacheStatusCommand, PlanCommand, ApplyCommand, CheckUninstallCommand,
                                    CleanUpCommand, ClusterHelpCommand>;

struct ClusterOptions {
  ClusterCommand command;
  std::string kubeconfig;  // "" = $KUBECONFIG, else the pod's account, else ~/.kube/config
  std::string context;     // "" = the kubeconfig's current one
  std::string ns;          // "" = the kubeconfig's
  bool json = false;
  std::chrono::seconds timeout{300};
};

// `arguments` without the program's name and "kube". InvalidArgument: a text for people.
Result<ClusterOptions> ParseClusterOptions(const std::vector<std::string>& arguments);

}  // namespace ballast::cli
