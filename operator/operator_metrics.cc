#include "operator/operator_metrics.h"

#include <prometheus/registry.h>

#include <vector>

namespace ballast::controller {

std::function<void(const Status&)> CountReconciles(prometheus::Registry& registry, const std::string& controller) {
  auto& family = prometheus::BuildCounter()
                     .Name("ballast_operator_reconciles_total")
                     .Help("Keys that a controller worked on, by how it ended.")
                     .Register(registry);
  return [&family, controller](const Status& status) {
    family.Add({{"controller", controller}, {"code", std::string(StatusCodeName(status.code()))}}).Increment();
  };
}

PlacementMetrics::PlacementMetrics(prometheus::Registry& registry)
    : nodes_(prometheus::BuildGauge()
                 .Name("ballast_operator_cache_nodes")
                 .Help("Nodes of a cache, by how far they are.")
                 .Register(registry)),
      bytes_(prometheus::BuildGauge()
                 .Name("ballast_operator_cache_bytes")
                 .Help("Bytes of a cache over its desired nodes.")
                 .Register(registry)) {}

PlacementMetrics::~PlacementMetrics() { Show({}); }

void PlacementMetrics::Set(prometheus::Family<prometheus::Gauge>& family, Shown& shown, const std::string& cache,
                           const std::string& state, double value) {
  prometheus::Gauge*& gauge = shown[state];
  if (gauge == nullptr) gauge = &family.Add({{"cache", cache}, {"state", state}});
  gauge->Set(value);
}

void PlacementMetrics::Drop(const std::string& cache) {
  for (const auto& [state, gauge] : shown_nodes_[cache]) nodes_.Remove(gauge);
  for (const auto& [state, gauge] : shown_bytes_[cache]) bytes_.Remove(gauge);
  shown_nodes_.erase(cache);
  shown_bytes_.erase(cache);
}

void PlacementMetrics::Show(const std::map<std::string, CacheDecision>& caches) {
  std::vector<std::string> gone;
  for (const auto& [cache, shown] : shown_nodes_) {
    if (!caches.contains(cache)) gone.push_back(cache);
  }
  for (const std::string& cache : gone) Drop(cache);
  for (const auto& [cache, decision] : caches) {
    Shown& nodes = shown_nodes_[cache];
    Set(nodes_, nodes, cache, "desired", decision.nodes.desired);
    Set(nodes_, nodes, cache, "ready", decision.nodes.ready);
    Set(nodes_, nodes, cache, "downloading", decision.nodes.downloading);
    Set(nodes_, nodes, cache, "failed", decision.nodes.failed);
    Set(nodes_, nodes, cache, "excluded", decision.nodes.excluded);
    Set(nodes_, nodes, cache, "refused", decision.refused);
    Shown& bytes = shown_bytes_[cache];
    Set(bytes_, bytes, cache, "wanted", static_cast<double>(decision.bytes_wanted));
    Set(bytes_, bytes, cache, "ready", static_cast<double>(decision.bytes_ready));
  }
}

}  // namespace ballast::controller
