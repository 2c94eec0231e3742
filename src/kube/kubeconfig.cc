#include <filesystem>
#include <optional>
#include <utility>
#include <vector>

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
  // The `member` of the item of list `key` that is called `name`; nullopt: no such item.
  std::optional<Node> Named(std::string_view key, std::string_view name, std::string_view member) const {
    for (const Node& node : At(key).Items()) {
      if (node.Text("name") == name)
        return Node(node.value_, StrCat(At(key).where_, "[", Quoted(name), "]")).At(member);
    }
    return std::nullopt;
  }
  std::vector<Node> Items() const {
    std::vector<Node> items;
    if (!exists() || value_->kind != YamlValue::Kind::kList) return items;
    for (const YamlValue& item : value_->items) items.emplace_back(&item, StrCat(where_, "[", items.size(), "]"));
    return items;
  }
  std::string text() const { return exists() ? value_->text : ""; }
  Status Refuse(std::string_view key, std::string_view why) const {
    const Node node = At(key);
    if (!node.exists() || node.value_->text == "false") return OkStatus();
    return InvalidArgument(StrCat(node.where_, " is not supported: ", why));
  }

 private:
  const YamlValue* value_;
  std::string where_;
};

// One file; paths in it start at its folder.
struct Root {
  Node node;
  std::filesystem::path folder;
};

// What a list of the files has under a name, and the file that has it.
struct Found {
  Node node;
  std::filesystem::path folder;

  std::string PathOf(const std::string& path) const { return path.empty() ? "" : (folder / path).string(); }
};

// KEY names a file, KEY-data holds base64 and wins.
Status ReadPem(const Found& found, const std::string& key, PemSource& source) {
  const std::string data = found.node.Text(key + "-data");
  if (data.empty()) {
    source.file = found.PathOf(found.node.Text(key));
    return OkStatus();
  }
  const Result<std::string> decoded = DecodeBase64(data);
  if (!decoded.ok()) return decoded.status().WithContext(found.node.At(key + "-data").where());
  source.pem = *decoded;
  return OkStatus();
}

Status ReadCluster(const Found& cluster, KubeAccess& access) {
  const Node& node = cluster.node;
  RETURN_IF_ERROR(node.Refuse("insecure-skip-tls-verify", "name the server's CA in certificate-authority"));
  RETURN_IF_ERROR(node.Refuse("tls-server-name", "the server's URL must be a name in its certificate"));
  RETURN_IF_ERROR(node.Refuse("proxy-url", "the apiserver must be reached directly"));
  access.server = node.Text("server");
  while (access.server.ends_with('/')) access.server.pop_back();
  return ReadPem(cluster, "certificate-authority", access.ca);
}

// Absent: as kubectl takes it in v1beta1. v1 asks for it, and would be refused there without.
Result<ExecInteraction> ReadInteraction(const Node& exec) {
  const std::string mode = exec.Text("interactiveMode");
  if (mode.empty() || mode == "IfAvailable") return ExecInteraction::kIfAvailable;
  if (mode == "Never") return ExecInteraction::kNever;
  if (mode == "Always") return ExecInteraction::kAlways;
  return InvalidArgument(
      StrCat(exec.At("interactiveMode").where(), " is ", Quoted(mode), "; write Never, IfAvailable or Always"));
}

// As client-go: a command with a slash is a path beside the file, another is found in PATH.
Result<ExecPlugin> ReadExec(const Found& user) {
  const Node exec = user.node.At("exec");
  const std::string command = exec.Text("command");
  if (command.empty()) return InvalidArgument(StrCat(exec.where(), " names no command"));
  ExecPlugin plugin{.api_version = exec.Text("apiVersion"),
                    .command = command.find('/') == std::string::npos ? command : user.PathOf(command),
                    .install_hint = exec.Text("installHint"),
                    .wants_cluster = exec.Text("provideClusterInfo") == "true"};
  ASSIGN_OR_RETURN(plugin.interaction, ReadInteraction(exec));
  for (const Node& argument : exec.At("args").Items()) plugin.arguments.push_back(argument.text());
  for (const Node& variable : exec.At("env").Items()) {
    plugin.environment.emplace_back(variable.Text("name"), variable.Text("value"));
  }
  return plugin;
}

Status ReadUser(const Found& user, KubeAccess& access) {
  constexpr std::string_view kInstead = "use a client certificate, a token, a tokenFile or exec";
  for (const char* key : {"auth-provider", "username", "password", "as"}) {
    RETURN_IF_ERROR(user.node.Refuse(key, kInstead));
  }
  RETURN_IF_ERROR(ReadPem(user, "client-certificate", access.client_certificate));
  RETURN_IF_ERROR(ReadPem(user, "client-key", access.client_key));
  access.token = user.node.Text("token");
  access.token_file = user.PathOf(user.node.Text("tokenFile"));
  if (HasCredential(access) || !user.node.At("exec").exists()) return OkStatus();
  ASSIGN_OR_RETURN(access.exec, ReadExec(user));
  return OkStatus();
}

class KubeconfigReader {
 public:
  explicit KubeconfigReader(std::vector<Root> roots) : roots_(std::move(roots)) {}

  Result<KubeAccess> Read(std::string context_name) {
    for (const Root& root : roots_) {
      if (context_name.empty()) context_name = root.node.Text("current-context");
    }
    if (context_name.empty()) return InvalidArgument(StrCat(Where(), " has no current-context"));
    ASSIGN_OR_RETURN(const Found context, Named("contexts", context_name, "context"));
    ASSIGN_OR_RETURN(const Found cluster, Named("clusters", context.node.Text("cluster"), "cluster"));
    KubeAccess access;
    if (const std::string ns = context.node.Text("namespace"); !ns.empty()) access.ns = ns;
    RETURN_IF_ERROR(ReadCluster(cluster, access));
    if (const std::string user = context.node.Text("user"); !user.empty()) {
      ASSIGN_OR_RETURN(const Found found, Named("users", user, "user"));
      RETURN_IF_ERROR(ReadUser(found, access));
    }
    RETURN_IF_ERROR(CheckAccess(access).WithContext(Where()));
    return access;
  }

 private:
  Result<Found> Named(std::string_view key, std::string_view name, std::string_view member) const {
    for (const Root& root : roots_) {
      if (auto node = root.node.Named(key, name, member)) return Found{*std::move(node), root.folder};
    }
    return InvalidArgument(StrCat(Where(), ".", key, " has no ", Quoted(name)));
  }
  std::string Where() const {
    std::vector<std::string> paths;
    for (const Root& root : roots_) paths.push_back(root.node.where());
    return Join(paths, ":");
  }

  const std::vector<Root> roots_;
};

}  // namespace

Result<KubeAccess> LoadKubeconfig(const std::string& path) {
  ASSIGN_OR_RETURN(std::string text, ReadSmallFile(path, kMaxYamlBytes));
  return ParseKubeconfigs({{path, std::move(text)}}, "");
}

Result<KubeAccess> LoadKubeconfigs(const std::vector<std::string>& paths, const std::string& context) {
  std::vector<KubeconfigFile> files;
  Status missing = OkStatus();
  for (const std::string& path : paths) {
    Result<std::string> text = ReadSmallFile(path, kMaxYamlBytes);
    if (text.status().code() == StatusCode::kNotFound) {
      missing = text.status();
      continue;
    }
    RETURN_IF_ERROR(text.status());
    files.push_back({path, *std::move(text)});
  }
  if (files.empty()) return missing.ok() ? NotFound("no kubeconfig is named") : missing;
  return ParseKubeconfigs(files, context);
}

Result<KubeAccess> ParseKubeconfigs(const std::vector<KubeconfigFile>& files, const std::string& context) {
  std::vector<std::vector<YamlValue>> parsed;  // the roots point into it
  std::vector<Root> roots;
  std::vector<std::string> empty;
  for (const KubeconfigFile& file : files) {
    ASSIGN_OR_RETURN(parsed.emplace_back(), ParseYaml(file.text, file.path));
    if (parsed.back().empty()) {
      empty.push_back(file.path);
    } else {
      roots.push_back({Node(parsed.back().data(), file.path), std::filesystem::path(file.path).parent_path()});
    }
  }
  if (roots.empty()) return InvalidArgument(StrCat(Join(empty, ":"), " is empty"));
  return KubeconfigReader(std::move(roots)).Read(context);
}

}  // namespace ballast
