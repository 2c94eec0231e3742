// Names of nodes.
#pragma once

#include <string_view>

#include "base/status.h"

namespace ballast {

// OK for a DNS-1123 subdomain, as Kubernetes demands it of a node's name: 1 to 253 bytes, labels of a-z, 0-9 and '-'
// that begin and end with a letter or digit, joined by single dots. InvalidArgument otherwise. As Kubernetes does, it
// sets no limit to a single label.
Status CheckNodeName(std::string_view name);

}  // namespace ballast
