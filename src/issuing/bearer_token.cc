#include "issuing/bearer_token.h"

#include <algorithm>
#include <cctype>

#include "base/strings.h"

namespace ballast {
namespace {

constexpr std::string_view kScheme = "bearer ";
constexpr std::string_view kPunctuation = "-._~+/=";
constexpr size_t kMaxTokenBytes = 16 << 10;

bool IsTokenByte(char c) {
  return std::isalnum(static_cast<unsigned char>(c)) != 0 || kPunctuation.find(c) != std::string_view::npos;
}

}  // namespace

std::string BearerHeader(std::string_view token) { return StrCat("Bearer ", token); }

Result<std::string> BearerToken(const std::vector<std::string>& values) {
  if (values.size() != 1) return Unauthenticated("send one header authorization: Bearer TOKEN");
  const std::string& value = values[0];
  if (ToLower(value.substr(0, kScheme.size())) != kScheme)
    return Unauthenticated("the header authorization must begin with Bearer");
  std::string token = value.substr(kScheme.size());
  const bool good =
      !token.empty() && token.size() <= kMaxTokenBytes && std::all_of(token.begin(), token.end(), IsTokenByte);
  if (!good) return Unauthenticated("the header authorization holds no token");
  return token;
}

}  // namespace ballast
