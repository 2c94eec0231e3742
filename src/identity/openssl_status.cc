#include "identity/openssl_status.h"

#include <openssl/err.h>

#include <array>
#include <vector>

#include "base/strings.h"

namespace ballast {
namespace {

std::string ReasonOf(unsigned long error) {
  if (const char* reason = ERR_reason_error_string(error)) return reason;
  std::array<char, 256> text{};
  ERR_error_string_n(error, text.data(), text.size());
  return text.data();
}

}  // namespace

std::string TakeOpenSslReasons() {
  std::vector<std::string> reasons;
  while (const unsigned long error = ERR_get_error()) reasons.push_back(ReasonOf(error));
  return Join(reasons, "; ");
}

Status OpenSslStatus(std::string_view what, StatusCode code) {
  const std::string reasons = TakeOpenSslReasons();
  return {code, StrCat(what, ": ", reasons.empty() ? "OpenSSL gives no reason" : reasons)};
}

}  // namespace ballast
