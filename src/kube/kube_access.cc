#include "kube/kube_access.h"

#include <algorithm>

#include "base/small_file.h"
#include "base/strings.h"

namespace ballast {
namespace {

constexpr size_t kMaxPemFile = 1 << 20;
constexpr size_t kMaxNamespace = 1 << 10;

// A name, an IPv4 address or an IPv6 address in brackets, and perhaps a port.
bool IsAuthority(std::string_view text) {
  static constexpr std::string_view kOther = "-.:[]_";
  const auto fits = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           kOther.find(c) != std::string_view::npos;
  };
  return !text.empty() && std::all_of(text.begin(), text.end(), fits);
}

// "10.96.0.1"; nothing else is sure to have no colon.
std::string ServerOf(const std::string& host, const std::string& port) {
  // The HTTP library takes no IPv6 address; the name is in the apiserver's certificate too.
  const bool ipv6 = host.find(':') != std::string::npos;
  return StrCat("https://", ipv6 ? "kubernetes.default.svc" : host, ":", port);
}

}  // namespace

Result<std::string> PemSource::Read() const {
  if (file.empty()) return pem;
  return ReadSmallFile(file, kMaxPemFile);
}

Result<KubeAccess> InClusterAccess(const std::function<std::string(const char*)>& environment,
                                   const std::string& service_account_dir) {
  const std::string host = environment("KUBERNETES_SERVICE_HOST");
  const std::string port = environment("KUBERNETES_SERVICE_PORT");
  if (host.empty() || port.empty()) {
    return NotFound("this is no pod: KUBERNETES_SERVICE_HOST and _PORT are not set; name a kubeconfig instead");
  }
  KubeAccess access{.server = ServerOf(host, port),
                    .ca = {.file = service_account_dir + "/ca.crt"},
                    .token_file = service_account_dir + "/token"};
  const auto ns = ReadSmallFile(service_account_dir + "/namespace", kMaxNamespace);
  if (ns.ok()) access.ns = std::string(Trim(*ns));
  RETURN_IF_ERROR(CheckAccess(access));
  return access;
}

bool HasCredential(const KubeAccess& access) {
  return !access.token.empty() || !access.token_file.empty() || !access.client_certificate.empty();
}

Status CheckAccess(const KubeAccess& access) {
  const bool https = access.server.starts_with("https://");
  if (!https && !access.server.starts_with("http://")) {
    return InvalidArgument(StrCat("the server ", Quoted(access.server), " is no URL with https://"));
  }
  const std::string_view rest = std::string_view(access.server).substr(https ? 8 : 7);
  if (!IsAuthority(rest.substr(0, rest.find('/')))) {
    return InvalidArgument(StrCat("the server ", Quoted(access.server), " has no host that can be read"));
  }
  if (rest.starts_with('[')) {
    return InvalidArgument(StrCat("the server ", Quoted(access.server), " must be a name or an IPv4 address"));
  }
  if (!https && HasCredential(access)) {
    return InvalidArgument(StrCat("no token or key is used with ", access.server, ": it needs https://"));
  }
  if (access.client_certificate.empty() != access.client_key.empty()) {
    return InvalidArgument("a client certificate needs its key, and a key its certificate");
  }
  return OkStatus();
}

}  // namespace ballast
