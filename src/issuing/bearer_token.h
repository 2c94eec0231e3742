// The header "authorization: Bearer ..", whose value may come from anybody.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"

namespace ballast {

inline constexpr char kAuthorizationKey[] = "authorization";

std::string BearerHeader(std::string_view token);

// The token of the only value that the header has. Unauthenticated: none, several, another scheme, or what is no token
// (RFC 6750: letters, digits and -._~+/=).
Result<std::string> BearerToken(const std::vector<std::string>& values);

}  // namespace ballast
