#include "kube/exec_credential.h"

#include <utility>

#include "base/strings.h"
#include "kube/base64.h"

namespace ballast {
namespace {

Status Wrong(const ExecPlugin& plugin, std::string_view why) {
  return FailedPrecondition(StrCat("the kubeconfig's exec program ", Quoted(plugin.command), " ", why));
}

Status CheckVersion(const ExecPlugin& plugin) {
  for (const char* known : {"client.authentication.k8s.io/v1", "client.authentication.k8s.io/v1beta1"}) {
    if (plugin.api_version == known) return OkStatus();
  }
  return InvalidArgument(StrCat("the kubeconfig's exec has apiVersion ", Quoted(plugin.api_version),
                                "; client.authentication.k8s.io/v1 and v1beta1 are known: renew the kubeconfig"));
}

Result<bool> IsInteractive(const ExecPlugin& plugin, bool terminal) {
  if (plugin.interaction == ExecInteraction::kAlways && !terminal) {
    return Wrong(plugin,
                 "asks the person at the terminal (interactiveMode: Always), and standard input is none: run the "
                 "command in a terminal, or use a kubeconfig with another credential");
  }
  return terminal && plugin.interaction != ExecInteraction::kNever;
}

}  // namespace

Result<Json> ExecInfo(const KubeAccess& access, bool interactive) {
  Json info = {
      {"apiVersion", access.exec->api_version}, {"kind", "ExecCredential"}, {"spec", {{"interactive", interactive}}}};
  if (!access.exec->wants_cluster) return info;
  ASSIGN_OR_RETURN(const std::string ca, access.ca.Read());
  Json& cluster = info["spec"]["cluster"] = {{"server", access.server}};
  if (!ca.empty()) cluster["certificate-authority-data"] = EncodeBase64(ca);
  return info;
}

Result<KubeAccess> WithExecCredential(KubeAccess access, std::string_view answer) {
  const ExecPlugin plugin = *std::exchange(access.exec, std::nullopt);
  const Result<Json> credential = ParseJson(answer);
  if (!credential.ok() || StringAt(*credential, "/kind") != "ExecCredential") {
    return Wrong(plugin, "wrote no ExecCredential to its standard output");
  }
  if (const std::string version = StringAt(*credential, "/apiVersion"); version != plugin.api_version) {
    return Wrong(plugin, StrCat("answered in ", Quoted(version), ", and the kubeconfig says ", plugin.api_version));
  }
  access.token = StringAt(*credential, "/status/token");
  const std::string certificate = StringAt(*credential, "/status/clientCertificateData");
  if (access.token.empty() && certificate.empty())
    return Wrong(plugin, "gave neither a token nor a client certificate");
  if (!certificate.empty()) {
    access.client_certificate = {.pem = certificate};
    access.client_key = {.pem = StringAt(*credential, "/status/clientKeyData")};
  }
  RETURN_IF_ERROR(CheckAccess(access));
  return access;
}

Result<KubeAccess> Authenticate(KubeAccess access, bool terminal, const Run& run) {
  if (!access.exec) return access;
  const ExecPlugin& plugin = *access.exec;
  RETURN_IF_ERROR(CheckVersion(plugin));
  ASSIGN_OR_RETURN(const bool interactive, IsInteractive(plugin, terminal));
  ASSIGN_OR_RETURN(const Json info, ExecInfo(access, interactive));
  ProgramCall call{.program = plugin.command, .arguments = plugin.arguments, .environment = plugin.environment};
  call.environment.emplace_back("KUBERNETES_EXEC_INFO", DumpJson(info));
  call.reads_input = interactive;
  const Result<std::string> answer = run(call);
  if (answer.status().code() == StatusCode::kNotFound) {
    return Wrong(plugin, StrCat("is not there", plugin.install_hint.empty() ? "" : ": ", Trim(plugin.install_hint)));
  }
  if (!answer.ok()) return Wrong(plugin, StrCat("failed: ", answer.status().message()));
  return WithExecCredential(std::move(access), *answer);
}

}  // namespace ballast
