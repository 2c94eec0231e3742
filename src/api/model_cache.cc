#include "api/model_cache.h"

#include <algorithm>

#include "api/yaml_reader.h"
#include "base/strings.h"

namespace ballast {
namespace {

constexpr size_t kMaxNameBytes = 253;
constexpr int32_t kMaxCount = 1'000'000;

bool IsDnsLabel(std::string_view label) {
  return !label.empty() && label.front() != '-' && label.back() != '-' &&
         label.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789-") == std::string_view::npos;
}

// Kubernetes' rule for object names (RFC 1123 subdomain).
bool IsObjectName(std::string_view name) {
  const std::vector<std::string_view> labels = Split(name, '.');
  return name.size() <= kMaxNameBytes && std::all_of(labels.begin(), labels.end(), IsDnsLabel);
}

void ReadObjectName(YamlReader& yaml, std::string_view key, std::string& name) {
  yaml.String(key, name);
  if (yaml.Has(key) && !IsObjectName(name)) {
    yaml.Fail(key,
              StrCat(Quoted(name), " is not a name: lower-case letters, digits, '-' and '.', at most ", kMaxNameBytes));
  }
}

void ReadMetadata(YamlReader& yaml, ModelCache& cache) {
  yaml.Require("name");
  ReadObjectName(yaml, "name", cache.name);
  ReadObjectName(yaml, "namespace", cache.object_namespace);
  if (cache.cluster_scoped && yaml.Has("namespace")) yaml.Fail("namespace", "is for ModelCache only");
  std::vector<std::pair<std::string, std::string>> ignored;
  yaml.StringMap("labels", ignored);
  yaml.StringMap("annotations", ignored);
  for (const std::string_view key : {"uid", "resourceVersion", "generation", "creationTimestamp", "finalizers",
                                     "managedFields", "ownerReferences", "deletionTimestamp"}) {
    yaml.Ignore(key);  // the API server's own
  }
}

void ReadUri(YamlReader& yaml, const ModelCache& cache, ModelRef& uri) {
  std::string text;
  yaml.Require("uri");
  yaml.String("uri", text);
  if (!yaml.Has("uri") || !yaml.ok()) return;
  if (const size_t at = text.find('@'); text.starts_with("hf://") && at != text.npos) {
    return yaml.Fail("uri", StrCat("the uri names the model alone; put ", Quoted(text.substr(at)),
                                   " in source.revision, without the '@'"));
  }
  const Result<ModelRef> parsed = ModelRef::Parse(text);
  yaml.Check("uri", parsed.status());
  if (!parsed.ok()) return;
  if (!cache.cluster_scoped && parsed->scheme != OriginScheme::kHuggingFace) {
    yaml.Fail("uri", "file:// and https:// are for ClusterModelCache only");
  }
  uri = *parsed;
}

void ReadRevision(YamlReader& yaml, ModelSource& source) {
  yaml.String("revision", source.revision);
  if (!yaml.Has("revision") || !yaml.ok()) return;
  yaml.Check("revision", CheckRevision(source.revision));
  if (source.uri.scheme != OriginScheme::kHuggingFace) yaml.Fail("revision", "has a meaning for hf:// only");
}

void ReadTokenSecretRef(YamlReader& yaml, bool cluster_scoped, SecretKeyRef& ref) {
  yaml.Require("name");
  ReadObjectName(yaml, "name", ref.name);
  yaml.Require("key");
  yaml.String("key", ref.key);
  ReadObjectName(yaml, "namespace", ref.secret_namespace);
  if (cluster_scoped) yaml.Require("namespace");
  if (!cluster_scoped && yaml.Has("namespace")) yaml.Fail("namespace", "is the cache's own; leave it out");
}

void ReadSource(YamlReader& yaml, ModelCache& cache) {
  ModelSource& source = cache.source;
  ReadUri(yaml, cache, source.uri);
  ReadRevision(yaml, source);
  yaml.Strings("include", source.filter.include);
  yaml.Check("include", CheckPatterns(source.filter.include));
  yaml.Strings("exclude", source.filter.exclude);
  yaml.Check("exclude", CheckPatterns(source.filter.exclude));
  yaml.String("origin", source.origin);
  yaml.Object("tokenSecretRef", [&](YamlReader& ref) {
    ReadTokenSecretRef(ref, cache.cluster_scoped, source.token_secret_ref.emplace());
  });
}

struct Requirement {
  std::string key;
  std::string op;
  std::vector<std::string> values;
};

Requirement ReadRequirement(YamlReader& yaml) {
  Requirement read;
  yaml.Require("key");
  yaml.String("key", read.key);
  yaml.Require("operator");
  yaml.Choice("operator", {"In", "NotIn", "Exists", "DoesNotExist"}, read.op);
  yaml.Strings("values", read.values);
  const bool needs_values = read.op == "In" || read.op == "NotIn";
  if (yaml.ok() && needs_values == read.values.empty()) {
    yaml.Fail("values", StrCat(needs_values ? "is missing for operator " : "must be left out for operator ", read.op));
  }
  return read;
}

std::vector<Requirement> ReadSelector(YamlReader& yaml) {
  std::vector<Requirement> all;
  std::vector<std::pair<std::string, std::string>> labels;
  yaml.StringMap("matchLabels", labels);
  all.reserve(labels.size());
  for (const auto& [key, value] : labels) all.push_back({key, "In", {value}});
  yaml.Objects("matchExpressions", [&](YamlReader& expression) { all.push_back(ReadRequirement(expression)); });
  return all;
}

void CheckSelector(YamlReader& yaml) { (void)ReadSelector(yaml); }

// What a selector says where the name is all that is known of a namespace: one requirement of that, or nobody.
std::vector<std::string> NamespacesOf(const std::vector<Requirement>& selector) {
  const bool by_name =
      selector.size() == 1 && selector[0].key == "kubernetes.io/metadata.name" && selector[0].op == "In";
  return by_name ? selector[0].values : std::vector<std::string>();
}

// A count of at least 1, or "1%" to "100%".
void CheckMaxParallel(YamlReader& yaml) {
  const std::string text = yaml.Text("maxParallel");
  if (!yaml.Has("maxParallel")) return;
  const bool percent = text.ends_with('%');
  uint64_t number = 0;
  const bool parsed = ParseUint64(std::string_view(text).substr(0, text.size() - (percent ? 1 : 0)), number);
  if (!parsed || number < 1 || number > (percent ? 100U : kMaxCount)) {
    yaml.Fail("maxParallel", StrCat("must be a number of nodes, or a share like 25%, not ", Quoted(text)));
  }
}

void CheckNodes(YamlReader& yaml) {
  std::string placement;
  yaml.Object("selector", CheckSelector);
  yaml.Choice("placement", {"Prefer", "Require"}, placement);
  CheckMaxParallel(yaml);
}

void CheckSeeds(YamlReader& yaml) {
  int32_t count = 0;
  yaml.Require("count");
  yaml.Int("count", 0, kMaxCount, count);
  yaml.Object("selector", CheckSelector);
}

void CheckGc(YamlReader& yaml) {
  std::chrono::milliseconds unused_for{0};
  int32_t revisions = 0;
  uint64_t quota = 0;
  std::string on_delete;
  yaml.Duration("unusedFor", unused_for);
  yaml.Int("keepRevisions", 0, kMaxCount, revisions);
  yaml.Bytes("clusterQuota", quota);
  yaml.Choice("onDelete", {"Release", "Keep"}, on_delete);
}

void ReadAllowedNamespaces(YamlReader& yaml, ModelCache& cache) {
  std::string from;
  std::vector<Requirement> selector;
  yaml.Require("from");
  yaml.Choice("from", {"All", "Selector"}, from);
  yaml.Object("selector", [&](YamlReader& read) { selector = ReadSelector(read); });
  if (from == "Selector") yaml.Require("selector");
  if (from == "All" && yaml.Has("selector")) yaml.Fail("selector", "must be left out with from: All");
  if (from == "Selector" && !selector.empty()) cache.allowed_namespaces = NamespacesOf(selector);  // empty: all
}

void ReadSpec(YamlReader& yaml, ModelCache& cache) {
  yaml.Require("source");
  yaml.Object("source", [&](YamlReader& source) { ReadSource(source, cache); });
  yaml.Object("nodes", CheckNodes);
  cache.on_every_node = yaml.Has("nodes");
  yaml.Object("seeds", CheckSeeds);
  std::string update = "Manual";
  yaml.Object("updatePolicy", [&](YamlReader& policy) { policy.Choice("type", {"Manual", "Automatic"}, update); });
  cache.automatic_updates = update == "Automatic";
  yaml.Int("priority", INT32_MIN, INT32_MAX, cache.priority);
  yaml.Object("gc", CheckGc);
  yaml.Bool("suspend", cache.suspend);
  if (!cache.cluster_scoped) return;
  yaml.Object("allowedNamespaces", [&](YamlReader& namespaces) { ReadAllowedNamespaces(namespaces, cache); });
  if (cache.source.token_secret_ref.has_value() && !yaml.Has("allowedNamespaces")) {
    yaml.Fail("allowedNamespaces", "is missing: with a token, say which namespaces may read the model");
  }
}

Result<ModelCache> ReadDocument(const YamlValue& document, const std::string& file) {
  ModelCache cache;
  std::string version;
  std::string kind;
  YamlReader yaml(document, file);
  yaml.Require("apiVersion");
  yaml.Choice("apiVersion", {"ballast.dev/v1alpha1"}, version);
  yaml.Require("kind");
  yaml.Choice("kind", {"ClusterModelCache", "ModelCache"}, kind);
  // Of another kind of object the other keys would only confuse.
  if (!yaml.ok() && yaml.Has("apiVersion") && yaml.Has("kind")) return yaml.status();
  cache.cluster_scoped = kind == "ClusterModelCache";
  yaml.Require("metadata");
  yaml.Object("metadata", [&](YamlReader& metadata) { ReadMetadata(metadata, cache); });
  yaml.Require("spec");
  yaml.Object("spec", [&](YamlReader& spec) { ReadSpec(spec, cache); });
  yaml.Ignore("status");
  RETURN_IF_ERROR(yaml.Finish());
  return cache;
}

std::string ObjectName(const ModelCache& cache) {
  return cache.cluster_scoped ? StrCat("ClusterModelCache ", cache.name)
                              : StrCat("ModelCache ", cache.object_namespace, "/", cache.name);
}

}  // namespace

ModelRef ModelSource::Ref() const {
  ModelRef ref = uri;
  ref.revision = revision;
  return ref;
}

Result<std::vector<ModelCache>> ParseModelCaches(std::string_view yaml, const std::string& file) {
  ASSIGN_OR_RETURN(const std::vector<YamlValue> documents, ParseYaml(yaml, file));
  std::vector<ModelCache> caches;
  for (const YamlValue& document : documents) {
    ASSIGN_OR_RETURN(ModelCache cache, ReadDocument(document, file));
    const std::string name = ObjectName(cache);
    if (std::any_of(caches.begin(), caches.end(), [&](const auto& other) { return ObjectName(other) == name; })) {
      return InvalidArgument(StrCat(file, ":", document.line, ": ", name, " occurs twice"));
    }
    caches.push_back(std::move(cache));
  }
  return caches;
}

}  // namespace ballast
