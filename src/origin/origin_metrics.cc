#include "origin/origin_metrics.h"

#include <prometheus/counter.h>
#include <prometheus/registry.h>

namespace ballast {

std::function<void(int, uint64_t)> CountAnswers(prometheus::Registry* registry, const std::string& name) {
  if (registry == nullptr) return nullptr;
  auto& requests = prometheus::BuildCounter()
                       .Name("ballast_origin_requests_total")
                       .Help("Requests sent to an origin, redirects included, by answer; code 0: no answer")
                       .Register(*registry);
  auto& bytes = prometheus::BuildCounter()
                    .Name("ballast_origin_received_bytes_total")
                    .Help("Bytes of bodies received from an origin")
                    .Register(*registry)
                    .Add({{"origin", name}});
  return [&requests, &bytes, name](int status, uint64_t body_bytes) {
    requests.Add({{"origin", name}, {"code", std::to_string(status)}}).Increment();
    bytes.Increment(static_cast<double>(body_bytes));
  };
}

}  // namespace ballast
