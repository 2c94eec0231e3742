#include "operator/tasks.h"

#include "operator/agents/grpc_agent_progress.h"
#include "operator/cache_task.h"
#include "operator/nodes/node_controller.h"
#include "operator/resolver/origin_revisions.h"
#include "operator/volumes/volume_controller.h"

namespace ballast::controller {

Result<std::vector<MakeLeaderTask>> MakeTasks(const OperatorConfig& config, const Clock& clock,
                                              prometheus::Registry& registry, const CredentialsProvider& credentials) {
  ASSIGN_OR_RETURN(const RevisionSource source, MakeRevisionSource(config.origins, clock, &registry));
  std::shared_ptr<AgentProgress> agents;
  if (credentials) agents = std::make_shared<GrpcAgentProgress>(credentials, clock);
  return std::vector<MakeLeaderTask>{
      [source, agents](const LeaderContext& context) {
        return std::make_unique<CacheTask>(context, source, agents.get());
      },
      [](const LeaderContext& context) { return std::make_unique<VolumeController>(context); },
      [](const LeaderContext& context) { return std::make_unique<NodeController>(context); }};
}

}  // namespace ballast::controller
