// This node in its swarm: who is in it, what this node serves, whom it asks. Wires src/swarm and src/peering together.
#pragma once

#include <atomic>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "base/clock.h"
#include "base/mutex.h"
#include "daemon/control_link.h"
#include "daemon/daemon_swarm.h"
#include "daemon/domain_book.h"
#include "daemon/metered_source.h"
#include "daemon/metrics.h"
#include "daemon/model_resolver.h"
#include "daemon/swarm_config.h"
#include "store/store.h"

namespace ballast {

// Thread-safe.
class SwarmNode final : public DaemonSwarm {
 public:
  // All that is referred to outlives it.
  struct Parts {
    const SwarmConfig& config;
    std::string node;
    Store& store;
    ModelResolver& resolver;
    TransferLimits& uploads;
    const Clock& clock;
    MakeControlLink link;
    Duration upkeep = std::chrono::seconds(2);  // how often certificates and members are looked at
    Membership* membership = nullptr;           // null: as the configuration says
    AgentProgress progress = {};                // for the operator
    const DomainBook* domains = nullptr;        // null: nobody asks by whose right a model is here
  };

  // Listens and serves when it returns. Errors name the key of the configuration that would cure them.
  static Result<std::unique_ptr<SwarmNode>> Start(Parts parts);
  // No download may be left.
  ~SwarmNode() override;

  // Tells the others that this node goes. Before its downloads are stopped.
  void Leave();

  bool active() const override;
  Result<ModelAnswer> Resolve(const ModelRequest& request, const std::stop_token& stop) override;
  Swarm& swarm() override;
  const Membership& membership() const override;
  uint32_t uploads() const override;
  void Proven(const Digest& blob, const std::vector<Digest>& pieces) override;
  void ModelsChanged() override;

  std::vector<std::string> Problems() const override;
  SwarmGauges GaugesNow() const override;
  ModelSwarmView ViewOf(const Digest& model) const override;

  uint16_t control_port() const;
  uint16_t data_port() const;

 private:
  struct State;
  explicit SwarmNode(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

// What this node is called in its swarm: `node`, or its address, where members come from DNS.
std::string SwarmNameOf(const SwarmConfig& config, const std::string& node);

}  // namespace ballast
