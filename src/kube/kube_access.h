// Where an apiserver is, and how to show it who asks: from a pod's service account or from a kubeconfig.
#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "base/status.h"

namespace ballast {

// PEM: written out, or in a file that is read again for each connection. Both "": none.
struct PemSource {
  std::string file;
  std::string pem;

  bool empty() const { return file.empty() && pem.empty(); }
  // "" where there is none. NotFound, PermissionDenied, InvalidArgument name the file.
  Result<std::string> Read() const;
};

struct KubeAccess {
  std::string server;  // "https://10.96.0.1:443", "https://gateway.example/clusters/a"; no slash at its end
  PemSource ca;        // none: the system's roots
  PemSource client_certificate;
  PemSource client_key;
  std::string token;
  std::string token_file;  // read for each request; wins over `token`
  std::string ns = "default";
};

// The current context of a kubeconfig; relative paths in it start at the folder of `path`.
//
// InvalidArgument says what is missing, or which key is not supported: no other programs are run (exec, auth-provider),
// no certificate goes unchecked (insecure-skip-tls-verify), no passwords, proxies or tls-server-name.
Result<KubeAccess> LoadKubeconfig(const std::string& path);
Result<KubeAccess> ParseKubeconfig(std::string_view text, const std::string& path);

inline constexpr char kServiceAccountDir[] = "/var/run/secrets/kubernetes.io/serviceaccount";

// Of the pod that this process runs in. `environment` gives "" for what is not set. NotFound: this is no pod.
Result<KubeAccess> InClusterAccess(const std::function<std::string(const char*)>& environment,
                                   const std::string& service_account_dir = kServiceAccountDir);

// InvalidArgument where it can't be used: no https (a secret would travel in the open), half a client certificate.
Status CheckAccess(const KubeAccess& access);

}  // namespace ballast
