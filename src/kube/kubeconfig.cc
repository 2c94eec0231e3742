#include <filesystem>
#include <utility>

#include "api/yaml_value.h"
#include "base/small_file.h"
#include "base/strings.h"
#include "kube/base64.h"
#include "kube/kube_access.h"

namespace ballast {
namespace {

// The reader of our own configuration refuses unknown keys; a kubeconfig has extensions of everybody.
class Node {
 public:
  Node(const YamlValue* value, std::string where) : value_(value), where_(std::move(where)) {}

  bool exists() const { return value_ != nullptr && value_->kind != YamlValue::Kind::kNull; }
  const std::string& where() const { return where_; }

  Node At(std::string_view key) const {
    std::string where = StrCat(where_, ".", key);
    if (!exists() || value_->kind != YamlValue::Kind::kMapping) return {nullptr, std::move(where)};
    for (const YamlEntry& entry : value_->entries) {
      if (entry.key == key) return {&entry.value, std::move(where)};
    }
    return {nullptr, std::move(where)};
  }
  std::string Text(std::string_view key) const {
    const Node node = At(key);
    return node.exists() && node.value_->kind == YamlValue::Kind::kScalar ? node.value_->text : "";
  }
  // The `member` of the item of list `key` that is called `name`.
  Result<Node> Named(std::string_view key, std::string_view name, std::string_view member) const {
    const Node list = At(key);
    if (list.exists() && list.value_->kind == YamlValue::Kind::kList) {
      for (const YamlValue& item : list.value_->items) {
        const Node node(&item, StrCat(list.where_, "[", Quoted(name), "]"));
        if (node.Text("name") == name) return node.At(member);
      }
    }
    return InvalidArgument(StrCat(list.where_, " has no ", Quoted(name)));
  }
  Status Refuse(std::string_view key, std::string_view why) const {
    const Node node = At(key);
    if (!node.exists() || node.value_->text == "false") return OkStatus();
    return InvalidArgument(StrCat(node.where_, " is not supported: ", why));
  }

 private:
  const YamlValue* value_;
  std::string where_;
};

class KubeconfigReader {
 public:
  KubeconfigReader(Node root, std::filesystem::path folder) : root_(std::move(root)), folder_(std::move(folder)) {}

  Result<KubeAccess> Read() {
    const std::string current = root_.Text("current-context");
    if (current.empty()) return InvalidArgument(StrCat(root_.where(), " has no current-context"));
    ASSIGN_OR_RETURN(const Node context, root_.Named("contexts", current, "context"));
    ASSIGN_OR_RETURN(const Node cluster, root_.Named("clusters", context.Text("cluster"), "cluster"));
    KubeAccess access;
    if (const std::string ns = context.Text("namespace"); !ns.empty()) access.ns = ns;
    RETURN_IF_ERROR(ReadCluster(cluster, access));
    if (const std::string user = context.Text("user"); !user.empty()) {
      ASSIGN_OR_RETURN(const Node node, root_.Named("users", user, "user"));
      RETURN_IF_ERROR(ReadUser(node, access));
    }
    RETURN_IF_ERROR(CheckAccess(access).WithContext(root_.where()));
    return access;
  }

 private:
  Status ReadCluster(const Node& cluster, KubeAccess& access) {
    RETURN_IF_ERROR(cluster.Refuse("insecure-skip-tls-verify", "name the server's CA in certificate-authority"));
    RETURN_IF_ERROR(cluster.Refuse("tls-server-name", "the server's URL must be a name in its certificate"));
    RETURN_IF_ERROR(cluster.Refuse("proxy-url", "the apiserver must be reached directly"));
    access.server = cluster.Text("server");
    while (access.server.ends_with('/')) access.server.pop_back();
    return ReadPem(cluster, "certificate-authority", access.ca);
  }

  Status ReadUser(const Node& user, KubeAccess& access) {
    constexpr std::string_view kInstead = "use a client certificate, a token or a tokenFile";
    for (const char* key : {"exec", "auth-provider", "username", "password", "as"}) {
      RETURN_IF_ERROR(user.Refuse(key, kInstead));
    }
    RETURN_IF_ERROR(ReadPem(user, "client-certificate", access.client_certificate));
    RETURN_IF_ERROR(ReadPem(user, "client-key", access.client_key));
    access.token = user.Text("token");
    access.token_file = PathOf(user.Text("tokenFile"));
    return OkStatus();
  }

  // KEY names a file, KEY-data holds base64 and wins.
  Status ReadPem(const Node& node, const std::string& key, PemSource& source) {
    const std::string data = node.Text(key + "-data");
    if (data.empty()) {
      source.file = PathOf(node.Text(key));
      return OkStatus();
    }
    const Result<std::string> decoded = DecodeBase64(data);
    if (!decoded.ok()) return decoded.status().WithContext(node.At(key + "-data").where());
    source.pem = *decoded;
    return OkStatus();
  }

  std::string PathOf(const std::string& path) const { return path.empty() ? "" : (folder_ / path).string(); }

  const Node root_;
  const std::filesystem::path folder_;
};

}  // namespace

Result<KubeAccess> LoadKubeconfig(const std::string& path) {
  ASSIGN_OR_RETURN(const std::string text, ReadSmallFile(path, kMaxYamlBytes));
  return ParseKubeconfig(text, path);
}

Result<KubeAccess> ParseKubeconfig(std::string_view text, const std::string& path) {
  ASSIGN_OR_RETURN(const auto documents, ParseYaml(text, path));
  if (documents.empty()) return InvalidArgument(StrCat(path, " is empty"));
  return KubeconfigReader(Node(&documents.front(), path), std::filesystem::path(path).parent_path()).Read();
}

}  // namespace ballast
