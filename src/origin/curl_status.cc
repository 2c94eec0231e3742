#include "origin/curl_status.h"

#include <curl/curl.h>

#include "base/strings.h"

namespace ballast {
namespace {

// X509_V_ERR_*, openssl/x509_vfy.h.
constexpr long kNotYetValid = 9;
constexpr long kExpired = 10;
constexpr long kSelfSigned = 18;
constexpr long kUnknownFirst = 21;

std::string_view TrustRemedy(long verify_result) {
  if (verify_result == kExpired || verify_result == kNotYetValid) {
    return "; the server's certificate must be renewed, or this machine's clock is wrong";
  }
  if (verify_result >= kSelfSigned && verify_result <= kUnknownFirst) {
    return "; if this origin has a private CA, name its PEM file in caBundle";
  }
  return "; the endpoint must be one of the names in the server's certificate";
}

Status ProxyStatus(const CurlFailure& failure) {
  const std::string who = StrCat("proxy ", ShownProxy(failure.proxy));
  if (failure.proxy_status == 407) {
    return Unauthenticated(StrCat(who, " wants a user and a password: put them into the proxy's URL"));
  }
  if (failure.proxy_status >= 300) {
    return Unavailable(StrCat(who, " answered ", failure.proxy_status, " to CONNECT ", failure.url.host, ":",
                              failure.url.port, ": it must allow this host, or noProxy must name it"));
  }
  return Unavailable(StrCat("cannot reach ", failure.url.Root(), " through ", who, ": ", Quoted(failure.detail)));
}

Status ConnectStatus(const CurlFailure& failure) {
  if (!failure.refused_address.empty()) {
    return PermissionDenied(StrCat(failure.url.host, " is at ", failure.refused_address));
  }
  return Unavailable(StrCat("cannot connect to ", failure.url.Root(), ": ", Quoted(failure.detail),
                            "; is it up, and may this machine reach it (or does it need a proxy)?"));
}

bool SaysConnect(const CurlFailure& failure) {
  return !failure.proxy.empty() &&
         (failure.proxy_status >= 300 || failure.code == CURLE_PROXY || failure.code == CURLE_COULDNT_RESOLVE_PROXY ||
          failure.code == CURLE_COULDNT_CONNECT);
}

}  // namespace

std::string ShownProxy(const std::string& proxy) {
  const size_t scheme = proxy.find("://");
  const size_t begin = scheme == std::string::npos ? 0 : scheme + 3;
  const size_t at = proxy.rfind('@');
  return at == std::string::npos ? proxy : proxy.substr(0, begin) + proxy.substr(at + 1);
}

Status StatusOf(const CurlFailure& failure) {
  if (SaysConnect(failure)) return ProxyStatus(failure);
  switch (failure.code) {
    case CURLE_COULDNT_RESOLVE_HOST:
      return Unavailable(
          StrCat("no address for host ", failure.url.host, ": check the endpoint's spelling and this machine's DNS"));
    case CURLE_COULDNT_CONNECT:
      return ConnectStatus(failure);
    case CURLE_OPERATION_TIMEDOUT:
      return Unavailable(StrCat("no connection to ", failure.url.Root(), " in time: ", Quoted(failure.detail)));
    case CURLE_PEER_FAILED_VERIFICATION:
      return Unauthenticated(
          StrCat(failure.url.Root(), " is not trusted: ", Quoted(failure.detail), TrustRemedy(failure.verify_result)));
    case CURLE_UNSUPPORTED_PROTOCOL:
    case CURLE_WEIRD_SERVER_REPLY:
      return Unavailable(StrCat("what answers at ", failure.url.Root(),
                                " does not speak HTTP: ", Quoted(failure.detail), "; check the endpoint's port"));
    case CURLE_SSL_CONNECT_ERROR:
      return Unavailable(StrCat("no TLS with ", failure.url.Root(), ": ", Quoted(failure.detail),
                                "; it must speak TLS 1.2 or newer (a server that speaks plain HTTP has a URL with "
                                "http://)"));
    case CURLE_SSL_CACERT_BADFILE:
      return InvalidArgument(StrCat("no usable root certificates: ", Quoted(failure.detail),
                                    "; install ca-certificates, or correct caBundle"));
    case CURLE_URL_MALFORMAT:
      return InvalidArgument(StrCat("not a URL that can be read: ", Quoted(failure.url.Shown())));
    default:
      return Unavailable(StrCat("the connection to ", failure.url.Root(), " broke ",
                                failure.body_bytes == 0 ? "before the first byte of the body"
                                                        : StrCat("after ", FormatBytes(failure.body_bytes)),
                                ": ", Quoted(failure.detail)));
  }
}

}  // namespace ballast
