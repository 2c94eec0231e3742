// What the operator counts, in an injected registry. A leader's numbers; another replica shows those of its last term.
#pragma once

#include <prometheus/counter.h>
#include <prometheus/family.h>
#include <prometheus/gauge.h>

#include <functional>
#include <map>
#include <string>

#include "base/status.h"
#include "operator/placement/placement_board.h"

namespace prometheus {
class Registry;
}

namespace ballast::controller {

// ballast_operator_reconciles_total{controller,code}: thread-safe.
std::function<void(const Status&)> CountReconciles(prometheus::Registry& registry, const std::string& controller);

// ballast_operator_cache_nodes{cache,state}, state being desired, ready, downloading, failed, excluded or refused, and
// ballast_operator_cache_bytes{cache,state}, wanted or ready. For one thread. What it shows goes with it.
class PlacementMetrics {
 public:
  explicit PlacementMetrics(prometheus::Registry& registry);
  ~PlacementMetrics();
  PlacementMetrics(const PlacementMetrics&) = delete;
  PlacementMetrics& operator=(const PlacementMetrics&) = delete;

  void Show(const std::map<std::string, CacheDecision>& caches);

 private:
  using Shown = std::map<std::string, prometheus::Gauge*>;  // by state

  void Set(prometheus::Family<prometheus::Gauge>& family, Shown& shown, const std::string& cache,
           const std::string& state, double value);
  void Drop(const std::string& cache);

  prometheus::Family<prometheus::Gauge>& nodes_;
  prometheus::Family<prometheus::Gauge>& bytes_;
  std::map<std::string, Shown> shown_nodes_;  // by cache
  std::map<std::string, Shown> shown_bytes_;
};

}  // namespace ballast::controller
