#include "operator/resolver/secret_token.h"

#include <algorithm>

#include "base/strings.h"
#include "kube/base64.h"
#include "operator/cluster_objects.h"

namespace ballast::controller {
namespace {

bool IsTokenByte(char c) { return c > ' ' && c < 0x7f; }

}  // namespace

Result<std::string> ReadToken(KubeClient& client, const SecretKey& key, const CallLimits& limits) {
  const Result<Json> secret = client.Get(kSecrets, key.secret, limits);
  if (secret.status().code() == StatusCode::kNotFound) {
    return NotFound(StrCat("Secret ", key.secret, " does not exist; make it, with the token under ", Quoted(key.key)));
  }
  if (!secret.ok()) return secret.status();
  const Result<std::string> value = SecretValue(*secret, key.key);
  if (!value.ok()) return value.status().WithContext("put the token there");
  std::string token(Trim(*value));  // echo adds a line's end
  if (!token.empty() && std::all_of(token.begin(), token.end(), IsTokenByte)) return token;
  return NotFound(StrCat("key ", Quoted(key.key), " of Secret ", key.secret, " holds no token; put it there"));
}

std::string ConsentText(const SecretKey& key, const std::string& operator_ns) {
  const std::string name = "ballast-read-" + key.secret.name;
  return StrCat("the operator may not read Secret ", key.secret, ". If it may, apply:\n",
                "apiVersion: rbac.authorization.k8s.io/v1\nkind: Role\nmetadata: {name: ", name,
                ", namespace: ", key.secret.ns, "}\nrules:\n- {apiGroups: [''], resources: [secrets], resourceNames: [",
                key.secret.name, "], verbs: [get]}\n---\napiVersion: rbac.authorization.k8s.io/v1\nkind: RoleBinding\n",
                "metadata: {name: ", name, ", namespace: ", key.secret.ns,
                "}\nroleRef: {apiGroup: rbac.authorization.k8s.io, kind: Role, name: ", name,
                "}\nsubjects:\n- {kind: ServiceAccount, name: ballast-operator, namespace: ", operator_ns, "}\n");
}

}  // namespace ballast::controller
