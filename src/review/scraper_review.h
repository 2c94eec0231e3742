// Who may read metrics, as Kubernetes says: whom it may `get` the path /metrics, which is no resource.
#pragma once

#include <stop_token>
#include <string>

#include "base/status.h"
#include "kube/kube_client.h"

namespace ballast {

inline constexpr char kMetricsPath[] = "/metrics";
inline constexpr char kMetricsReader[] = "ballast-metrics-reader";  // the ClusterRole of the chart

// A TokenReview, then a SubjectAccessReview. Unauthenticated: the apiserver does not know the token. PermissionDenied:
// its owner may not; the text, which that owner reads, says which role is missing. Unavailable: the apiserver does not
// say; why is in the log, since whoever asks may be anybody. Takes ten seconds at most.
Status ReviewScraper(KubeClient& client, const std::string& token, const std::stop_token& stop);

}  // namespace ballast
