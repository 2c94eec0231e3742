#include "operator/resolver/secret_token.h"

#include "base/strings.h"
#include "operator/cluster_objects.h"

namespace ballast::controller {
namespace {

constexpr std::string_view kAlphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

std::string PointerTo(const std::string& key) {
  std::string escaped;
  for (const char c : key) {
    if (c == '~') escaped += "~0";
    if (c == '/') escaped += "~1";
    if (c != '~' && c != '/') escaped += c;
  }
  return "/data/" + escaped;
}

Status NoSuchKey(const SecretKey& key) {
  return NotFound(StrCat("Secret ", key.secret, " has no key ", Quoted(key.key), "; put the token there"));
}

}  // namespace

Result<std::string> DecodeBase64(std::string_view text) {
  while (text.ends_with('=')) text.remove_suffix(1);
  std::string bytes;
  uint32_t bits = 0;
  int count = 0;
  for (const char c : text) {
    const size_t value = kAlphabet.find(c);
    if (value == std::string_view::npos) return InvalidArgument("this is not base64");
    bits = bits << 6 | static_cast<uint32_t>(value);
    count += 6;
    if (count < 8) continue;
    count -= 8;
    bytes += static_cast<char>(bits >> count & 0xff);
  }
  return bytes;
}

Result<std::string> ReadToken(KubeClient& client, const SecretKey& key, const CallLimits& limits) {
  const Result<Json> secret = client.Get(kSecrets, key.secret, limits);
  if (secret.status().code() == StatusCode::kNotFound) {
    return NotFound(StrCat("Secret ", key.secret, " does not exist; make it, with the token under ", Quoted(key.key)));
  }
  if (!secret.ok()) return secret.status();
  const std::string encoded = StringAt(*secret, PointerTo(key.key).c_str());
  if (encoded.empty()) return NoSuchKey(key);
  ASSIGN_OR_RETURN(const std::string value, DecodeBase64(encoded));
  const std::string token(Trim(value));
  if (token.empty()) return NoSuchKey(key);
  return token;
}

std::string ConsentText(const SecretKey& key, const std::string& operator_ns) {
  const std::string name = "ballast-read-" + key.secret.name;
  return StrCat(
      "the operator may not read Secret ", key.secret, ". If it may, apply:\n",
      "apiVersion: rbac.authorization.k8s.io/v1\nkind: Role\nmetadata: {name: ", name, ", namespace: ", key.secret.ns,
      "}\nrules:\n- {apiGroups: [\"\"], resources: [secrets], resourceNames: [", key.secret.name,
      "], verbs: [get]}\n---\napiVersion: rbac.authorization.k8s.io/v1\nkind: RoleBinding\n", "metadata: {name: ", name,
      ", namespace: ", key.secret.ns, "}\nroleRef: {apiGroup: rbac.authorization.k8s.io, kind: Role, name: ", name,
      "}\nsubjects:\n- {kind: ServiceAccount, name: ballast-operator, namespace: ", operator_ns, "}\n");
}

}  // namespace ballast::controller
