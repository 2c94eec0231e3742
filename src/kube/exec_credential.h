// A kubeconfig's `exec`: the user's program says who asks. Managed clusters (EKS, GKE, AKS) give out nothing else.
// Protocol: ExecCredential, client.authentication.k8s.io/v1 and v1beta1.
#pragma once

#include <functional>
#include <string_view>

#include "base/run_program.h"
#include "base/status.h"
#include "kube/json.h"
#include "kube/kube_access.h"

namespace ballast {

// What the program is told in KUBERNETES_EXEC_INFO. Reads the CA's file where the plugin wants to know the cluster.
Result<Json> ExecInfo(const KubeAccess& access, bool interactive);

// `access` with the token or the client certificate of `answer`, the ExecCredential that its program wrote.
// FailedPrecondition: it is none, of another version, or empty. No text has anything of a credential.
Result<KubeAccess> WithExecCredential(KubeAccess access, std::string_view answer);

// Runs the program, if `access` has one. Its prompts appear on the
// terminal; it reads from it where our standard input is a `terminal` and its interactiveMode lets it. What it hands
// out is not renewed: for commands that end soon. FailedPrecondition: it must have a terminal, and there is none.
using Run = std::function<Result<std::string>(const ProgramCall&)>;
Result<KubeAccess> Authenticate(KubeAccess access, bool terminal, const Run& run = RunProgram);

}  // namespace ballast
