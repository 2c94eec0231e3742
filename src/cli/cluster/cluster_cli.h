// `ballast kube` without its process: what main() and the tests run.
#pragma once

#include <functional>
#include <memory>
#include <ostream>
#include <stop_token>
#include <string>
#include <vector>

#include "base/clock.h"
#include "kube/kube_access.h"
#include "kube/kube_client.h"
#include "kube/pause.h"
#include "origin/environment.h"

namespace ballast::cli {

struct ClusterWorld {
  std::ostream& out;
  std::ostream& err;
  Environment environment;
  const Clock& clock;
  std::function<Result<std::shared_ptr<KubeClient>>(const KubeAccess& access)> connect;
  std::stop_token stop;  // Ctrl-C
  Pause pause = RealPause();
};

// The exit code, as of `ballast`. `arguments` without the program's name and "kube".
int RunInCluster(const std::vector<std::string>& arguments, const ClusterWorld& world);

}  // namespace ballast::cli
