#include "kube/kube_metrics.h"

#include <prometheus/counter.h>
#include <prometheus/registry.h>

#include <string>

namespace ballast {

OnKubeAnswer CountKubeAnswers(prometheus::Registry& registry) {
  auto& requests = prometheus::BuildCounter()
                       .Name("ballast_kube_requests_total")
                       .Help("Requests to the Kubernetes apiserver, by answer; code 0: no answer")
                       .Register(registry);
  return [&requests](std::string_view verb, const KubeResource& resource, int code) {
    requests.Add({{"verb", std::string(verb)}, {"resource", resource.FullName()}, {"code", std::to_string(code)}})
        .Increment();
  };
}

}  // namespace ballast
