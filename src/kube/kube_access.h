// Where an apiserver is, and how to show it who asks: from a pod's service account or from a kubeconfig.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

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

// Whether such a program may ask the person at the terminal (`interactiveMode`).
enum class ExecInteraction { kNever, kIfAvailable, kAlways };

// A program of the user's that hands out a credential: `exec` of a kubeconfig
// (kubernetes.io/docs/reference/access-authn-authz/authentication, "client-go credential plugins").
struct ExecPlugin {
  std::string api_version;  // client.authentication.k8s.io/v1 or v1beta1
  std::string command;      // with a slash: a path; without: found in PATH
  std::vector<std::string> arguments;
  std::vector<std::pair<std::string, std::string>> environment;  // beside our own
  std::string install_hint;                                      // for who has no such program
  bool wants_cluster = false;                                    // it is told where the apiserver is
  ExecInteraction interaction = ExecInteraction::kIfAvailable;
};

struct KubeAccess {
  std::string server;  // "https://10.96.0.1:443", "https://gateway.example/clusters/a"; no slash at its end
  PemSource ca;        // none: the system's roots
  PemSource client_certificate;
  PemSource client_key;
  std::string token;
  std::string token_file;  // read for each request; wins over `token`
  std::string ns = "default";
  std::optional<ExecPlugin> exec;  // who asks is not known before it has run: exec_credential.h
};

struct KubeconfigFile {
  std::string path;  // relative paths in it start at its folder
  std::string text;
};

// The context `context` ("": the current one) of kubeconfigs, merged as kubectl does: of what several say, the first
// counts, by name. Of a list, files that are not there are left out; NotFound: none is there.
//
// As in client-go, a token or client certificate goes before the program of the same user, which is left out then.
// InvalidArgument says what is missing, or which key is not supported: no certificate goes unchecked
// (insecure-skip-tls-verify), no passwords, auth-providers, proxies or tls-server-name.
Result<KubeAccess> LoadKubeconfigs(const std::vector<std::string>& paths, const std::string& context);
Result<KubeAccess> ParseKubeconfigs(const std::vector<KubeconfigFile>& files, const std::string& context);
// Of one file, its current context.
Result<KubeAccess> LoadKubeconfig(const std::string& path);

inline constexpr char kServiceAccountDir[] = "/var/run/secrets/kubernetes.io/serviceaccount";

// Of the pod that this process runs in. `environment` gives "" for what is not set. NotFound: this is no pod.
Result<KubeAccess> InClusterAccess(const std::function<std::string(const char*)>& environment,
                                   const std::string& service_account_dir = kServiceAccountDir);

// A token or a client certificate.
bool HasCredential(const KubeAccess& access);

// InvalidArgument where it can't be used: no https (a secret would travel in the open), half a client certificate.
Status CheckAccess(const KubeAccess& access);

}  // namespace ballast
