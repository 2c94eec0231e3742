#include "identity/tls_session.h"

#include <openssl/err.h>

#include <cerrno>

#include "base/errno_status.h"
#include "base/strings.h"
#include "identity/openssl_status.h"

namespace ballast {
namespace {

// Reasons above this one are alerts that the peer sent (openssl/sslerr.h).
bool IsAlert(unsigned long error) {
  return ERR_GET_LIB(error) == ERR_LIB_SSL && ERR_GET_REASON(error) > SSL_AD_REASON_OFFSET;
}

// The library's reasons in a person's words, where there are better ones.
std::string_view Explanation(unsigned long error) {
  if (ERR_GET_LIB(error) != ERR_LIB_SSL) return "";
  switch (ERR_GET_REASON(error)) {
    case SSL_R_PEER_DID_NOT_RETURN_A_CERTIFICATE:
      return "the peer shows no certificate: every node needs one of this cluster's CA";
    case SSL_R_UNSUPPORTED_PROTOCOL:
    case SSL_R_TLSV1_ALERT_PROTOCOL_VERSION:
      return "TLS 1.3 is needed at both ends";
    case SSL_R_HTTP_REQUEST:
    case SSL_R_WRONG_VERSION_NUMBER:
      return "the peer does not speak TLS";
    default:
      return "";
  }
}

Status TlsError(std::string_view action) {
  const unsigned long error = ERR_peek_error();
  const bool refused = IsAlert(error);
  std::string text(Explanation(error));
  const std::string reasons = TakeOpenSslReasons();
  if (text.empty()) text = StrCat(refused ? "the peer refuses us: " : "", reasons);
  return Unauthenticated(StrCat(action, ": ", text));
}

}  // namespace

Status TlsSession::Error(int returned, std::string_view action) const {
  const int saved = errno;
  const int kind = SSL_get_error(ssl_.get(), returned);
  if (!state_->refusal.ok()) {
    static_cast<void>(TakeOpenSslReasons());
    return state_->refusal.WithContext(action);
  }
  switch (kind) {
    case SSL_ERROR_SSL:
      return TlsError(action);
    case SSL_ERROR_SYSCALL:
      return saved != 0 ? Unavailable(ErrnoStatus(saved, action).message())
                        : Unavailable(StrCat(action, ": the connection ended"));
    case SSL_ERROR_ZERO_RETURN:
      return Unavailable(StrCat(action, ": the peer closed the connection"));
    default:
      return Unavailable(StrCat(action, ": no answer in time"));
  }
}

}  // namespace ballast
