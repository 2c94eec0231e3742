#include "daemon/cluster/not_serving.h"

#include "api/cache_node.h"
#include "daemon/cluster/merge_patch.h"
#include "daemon/cluster/node_entries.h"

namespace ballast {
namespace {

constexpr Duration kCallLimit = std::chrono::seconds(15);

}  // namespace

Status TellNotServing(KubeClient& kube, const std::string& node, Reason reason, const std::string& message,
                      const Clock& clock) {
  ASSIGN_OR_RETURN(const Json object, kube.Get(kCacheNodes, {"", node}, {{}, kCallLimit}));
  ASSIGN_OR_RETURN(CacheNode next, CacheNodeFromJson(object));
  SetCondition(next.status.conditions, ConditionType::kReady, ConditionStatus::kFalse, reason, message,
               next.metadata.generation.value_or(0), std::chrono::floor<std::chrono::seconds>(clock.Now()));
  const Json change = MergePatchBetween(ChildAt(object, "/status"), ChildAt(ToJson(next), "/status"));
  if (change.empty()) return OkStatus();
  const Json patch = {{"metadata", {{"resourceVersion", next.metadata.resource_version}}}, {"status", change}};
  return kube.Patch(kCacheNodes, {"", node}, patch, Subresource::kStatus, {{}, kCallLimit}).status();
}

}  // namespace ballast
