#include "operator/cachenodes/cache_node_controller.h"

namespace ballast::controller {

CacheNodeController::CacheNodeController(KubeClient& client, ClusterView& view, const Clock& clock,
                                         const PlacementBoard& board)
    : client_(client),
      view_(view),
      board_(board),
      controller_("cachenodes", clock,
                  [this](const std::string& node, const std::stop_token& stop) { return Reconcile(node, stop); }) {}

Result<RequeueAfter> CacheNodeController::Reconcile(const std::string& node, const std::stop_token& stop) {
  CacheNodeObserved observed{view_.nodes().Get(node), view_.cache_nodes().Get(node), std::nullopt};
  const auto board = board_.Read();
  const auto planned = board->nodes.find(node);
  if (planned != board->nodes.end()) observed.planned = planned->second;
  const auto action = ReconcileCacheNode(observed);
  if (action) RETURN_IF_ERROR(Execute(observed, *action, stop));
  return RequeueAfter();
}

// What races is planned anew when the watch tells of it: that somebody was faster is no error.
Status CacheNodeController::Execute(const CacheNodeObserved& observed, const CacheNodeAction& action,
                                    const std::stop_token& stop) {
  if (const auto* remove = std::get_if<DeleteCacheNode>(&action)) {
    const Status status = client_.Delete(kCacheNodes, {"", observed.node->name}, {.uid = remove->uid}, stop);
    return status.code() == StatusCode::kNotFound ? OkStatus() : status;
  }
  const auto* create = std::get_if<CreateCacheNode>(&action);
  const Json object = ToJson(create != nullptr ? create->object : std::get<UpdateCacheNode>(action).object);
  const auto written =
      create != nullptr ? client_.Create(kCacheNodes, object, stop) : client_.Update(kCacheNodes, object, stop);
  if (create != nullptr && written.status().code() == StatusCode::kAlreadyExists) return OkStatus();  // not seen yet
  if (written.ok() && create == nullptr) view_.Learn(observed.cache_node, *written);
  return written.status();
}

}  // namespace ballast::controller
