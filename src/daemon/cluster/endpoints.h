// Who else there is, from the EndpointSlices of the release's two Services. Pure.
#pragma once

#include <string>
#include <vector>

#include "base/status.h"
#include "issuing/issuer_client.h"
#include "kube/json.h"
#include "kube/resource.h"
#include "swarm/member.h"

namespace ballast {

inline const KubeResource kEndpointSlices{"discovery.k8s.io", "v1", "endpointslices", true};
inline constexpr char kPartOfBallast[] = "app.kubernetes.io/part-of=ballast";

struct ClusterEndpoints {
  std::vector<Member> members;           // `self` is one; checked, no two of one name or address
  std::vector<IssuerAddress> operators;  // that answer; sorted

  friend bool operator==(const ClusterEndpoints& a, const ClusterEndpoints& b);
};

// `self`: at which address and ports this node knows itself; its zone comes from the slices. Of a node that is named
// twice (a pod that is being replaced) the endpoint that is not terminating counts, then the one that is ready, then
// IPv4. What can be no member is left out.
ClusterEndpoints EndpointsOf(const std::vector<Json>& slices, const Member& self);

// As it is kept on disk for the next start.
std::string EndpointsToJson(const ClusterEndpoints& endpoints);
// InvalidArgument for anything that EndpointsToJson does not write.
Result<ClusterEndpoints> EndpointsFromJson(std::string_view text);

}  // namespace ballast
