// Which node a service account's token speaks for, as the apiserver says it. Pure.
#pragma once

#include <string>

#include "base/status.h"
#include "kube/json.h"
#include "kube/resource.h"
#include "kube/reviews.h"

namespace ballast::controller {

inline constexpr char kIssuerAudience[] = "ballast";

Json MakeNodeReview(const std::string& token);

// The node of a reviewed token that is good for our audience and belongs to `service_account` ("namespace/name").
// Unauthenticated, PermissionDenied, or FailedPrecondition: the apiserver put no node's name into it.
Result<std::string> NodeOfReview(const Json& review, const ObjectName& service_account);

}  // namespace ballast::controller
