// How a namespace lets the operator read one Secret: a Role there, which its owner applies. Pure.
#pragma once

#include <string>

#include "kube/resource.h"

namespace ballast::controller {

// For people: what is missing, and the Role and RoleBinding as YAML, ready for `kubectl apply -f -`.
std::string ConsentText(const ObjectName& secret, const ObjectName& operator_account);

}  // namespace ballast::controller
