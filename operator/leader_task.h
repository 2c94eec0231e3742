// What a leader does: each part of the operator that writes to the cluster is a task that lives as long as the lease.
#pragma once

#include <functional>
#include <memory>
#include <stop_token>
#include <string>

#include "base/clock.h"
#include "kube/event_recorder.h"
#include "kube/kube_client.h"
#include "operator/cluster_view.h"
#include "operator/operator_config.h"

namespace prometheus {
class Registry;
}

namespace ballast::controller {

// All of it outlives the task.
struct LeaderContext {
  KubeClient& client;
  ClusterView& view;  // in sync
  const Clock& clock;
  EventRecorder& events;
  prometheus::Registry& registry;
  const OperatorConfig& config;
  std::string ns;  // of the release
};

// Made anew each time the lease is won: nothing of an earlier term is remembered.
class LeaderTask {
 public:
  virtual ~LeaderTask() = default;
  // Until `lost` is requested; every call it makes to the apiserver gets that token.
  virtual void Run(const std::stop_token& lost) = 0;
};
using MakeLeaderTask = std::function<std::unique_ptr<LeaderTask>(const LeaderContext&)>;

}  // namespace ballast::controller
