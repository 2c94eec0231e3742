// /metrics for those whom Kubernetes lets read it (metrics.auth: kubernetes).
#pragma once

#include <functional>
#include <memory>

#include "base/clock.h"
#include "http/http_server.h"
#include "identity/credentials.h"
#include "kube/kube_client.h"

namespace ballast {

// What a process looks with, and what it shows. `client` and `clock` outlive the server, and so does what `credentials`
// uses; it returns null while there is no certificate.
struct MetricsAccessParts {
  KubeClient& client;
  const Clock& clock;
  std::function<std::shared_ptr<const Credentials>()> credentials;
};

HttpAccess GuardMetrics(const MetricsAccessParts& parts);

}  // namespace ballast
