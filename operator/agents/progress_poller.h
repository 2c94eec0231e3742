// Asks agents how far they are, while there is something under way, and now and then who has what mounted.
#pragma once

#include <functional>
#include <map>
#include <string>

#include "kube/pause.h"
#include "operator/agents/agent_progress.h"
#include "operator/agents/progress_sum.h"
#include "operator/cluster_view.h"

namespace ballast::controller {

class ProgressPoller {
 public:
  // All of it outlives this.
  struct Parts {
    ClusterView& view;
    AgentProgress& agents;
    ProgressBook& book;
    std::function<void(const std::string& cache)> on_change;
    Pause pause = RealPause();
  };

  explicit ProgressPoller(Parts parts) : parts_(std::move(parts)) {}

  void Run(const std::stop_token& stop);
  // One round; `all`: also of those that have nothing under way, for the mounts.
  void Poll(bool all, const std::stop_token& stop);

 private:
  using Answers = std::vector<std::vector<EntryProgress>>;

  std::vector<std::string> Caches() const;
  Answers Ask(const std::vector<AgentEndpoint>& agents, const std::stop_token& stop) const;
  void Write(std::map<std::string, CacheProgress> progress);

  const Parts parts_;
  std::map<std::string, CacheProgress> mounts_;  // as heard when all were asked
  std::map<std::string, CacheProgress> written_;
};

}  // namespace ballast::controller
