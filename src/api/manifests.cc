#include "api/manifests.h"

#include <algorithm>
#include <set>

#include "api/cache_policy_fields.h"
#include "api/model_cache_fields.h"
#include "api/object_codec.h"
#include "base/strings.h"

namespace ballast {
namespace {

constexpr std::string_view kClusterModelCache = "ClusterModelCache";
constexpr std::string_view kModelCache = "ModelCache";
constexpr std::string_view kCachePolicy = "CachePolicy";

void ReadMetadata(YamlReader& yaml, ObjectMeta& metadata, bool namespaced) {
  FieldReader(yaml).Require("metadata");
  yaml.Object("metadata", [&](YamlReader& inner) {
    FieldReader io(inner);
    Fields(io, metadata);
    if (!namespaced && inner.Has("namespace")) inner.Fail("namespace", "is for ModelCache only");
  });
}

void ReadCache(YamlReader& yaml, ModelCache& cache) {
  ReadMetadata(yaml, cache.metadata, !cache.cluster_scoped);
  FieldReader io(yaml);
  io.Require("spec");
  io.Object("spec", cache.spec,
            [&](auto& spec, ModelCacheSpec& value) { SpecFields(spec, value, cache.cluster_scoped); });
}

void ReadPolicy(YamlReader& yaml, PolicyManifest& manifest) {
  ReadMetadata(yaml, manifest.policy.metadata, /*namespaced=*/false);
  FieldReader(yaml).Object("spec", manifest.policy.spec);
}

const YamlValue* Child(const YamlValue* value, std::string_view key) {
  if (value == nullptr) return nullptr;
  const auto found = std::find_if(value->entries.begin(), value->entries.end(),
                                  [&](const YamlEntry& entry) { return entry.key == key; });
  return found == value->entries.end() || found->value.kind == YamlValue::Kind::kNull ? nullptr : &found->value;
}

void FindWhatItSays(const YamlValue& document, PolicyManifest& manifest) {
  const YamlValue* spec = Child(&document, "spec");
  const YamlValue* disk = Child(spec, "disk");
  manifest.says_thresholds =
      Child(disk, "highThresholdPercent") != nullptr || Child(disk, "lowThresholdPercent") != nullptr;
  manifest.says_interval = Child(Child(spec, "eviction"), "interval") != nullptr;
}

// Adds it; its name for messages.
Result<std::string> ReadDocument(const YamlValue& document, const std::string& file, Manifests& manifests) {
  YamlReader yaml(document, file);
  const std::string kind = ReadKind(yaml, {kClusterModelCache, kModelCache, kCachePolicy});
  // Of another kind of object the other keys would only confuse.
  if (!yaml.ok() && yaml.Has("apiVersion") && yaml.Has("kind")) return yaml.status();
  yaml.Ignore("status");  // what an apiserver once said
  if (kind == kCachePolicy) {
    PolicyManifest& manifest = manifests.policies.emplace_back();
    ReadPolicy(yaml, manifest);
    FindWhatItSays(document, manifest);
    RETURN_IF_ERROR(yaml.Finish());
    return StrCat(kind, " ", manifest.policy.metadata.name);
  }
  ModelCache& cache = manifests.caches.emplace_back();
  cache.cluster_scoped = kind != kModelCache;
  ReadCache(yaml, cache);
  RETURN_IF_ERROR(yaml.Finish());
  const std::string space = cache.cluster_scoped ? "" : cache.metadata.object_namespace + "/";
  return StrCat(kind, " ", space, cache.metadata.name);
}

}  // namespace

Result<Manifests> ParseManifests(std::string_view yaml, const std::string& file) {
  ASSIGN_OR_RETURN(const std::vector<YamlValue> documents, ParseYaml(yaml, file));
  Manifests manifests;
  std::set<std::string> names;
  for (const YamlValue& document : documents) {
    ASSIGN_OR_RETURN(const std::string name, ReadDocument(document, file, manifests));
    if (!names.insert(name).second)
      return InvalidArgument(StrCat(file, ":", document.line, ": ", name, " occurs twice"));
  }
  return manifests;
}

}  // namespace ballast
