// What the apiserver is asked, as it counts: ballast_kube_requests_total{verb,resource,code}; code 0: no answer.
#pragma once

#include "kube/rest_kube_client.h"

namespace prometheus {
class Registry;
}

namespace ballast {

// For RestKubeOptions::on_answer; thread-safe. `registry` outlives it.
OnKubeAnswer CountKubeAnswers(prometheus::Registry& registry);

}  // namespace ballast
