// Through which proxy a request goes, if any.
#pragma once

#include <string>

#include "api/origin_config.h"
#include "origin/url.h"

namespace ballast {

// The proxy's URL, or "" for a direct connection. An entry of no_proxy is "*", a host, a domain (".example" or
// "example": itself and everything below it), an address, or a CIDR (for URLs with an address in them).
std::string ProxyFor(const ProxyConfig& config, const Url& url);

}  // namespace ballast
