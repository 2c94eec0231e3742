#include "operator/issuer/secret_consent.h"

#include "base/strings.h"

namespace ballast::controller {

std::string ConsentText(const ObjectName& secret, const ObjectName& operator_account) {
  const std::string metadata = StrCat("metadata: {namespace: ", secret.ns, ", name: ballast-reads-", secret.name, "}");
  return StrCat("the operator may not read Secret ", secret, "; its owner allows it by kubectl apply -f - with\n",
                "apiVersion: rbac.authorization.k8s.io/v1\nkind: Role\n", metadata,
                "\nrules: [{apiGroups: [''], resources: [secrets], resourceNames: [", secret.name,
                "], verbs: [get]}]\n---\napiVersion: rbac.authorization.k8s.io/v1\nkind: RoleBinding\n", metadata,
                "\nroleRef: {apiGroup: rbac.authorization.k8s.io, kind: Role, name: ballast-reads-", secret.name,
                "}\nsubjects: [{kind: ServiceAccount, namespace: ", operator_account.ns,
                ", name: ", operator_account.name, "}]\n");
}

}  // namespace ballast::controller
