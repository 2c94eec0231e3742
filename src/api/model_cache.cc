#include "api/model_cache.h"

#include <algorithm>

#include "api/model_cache_fields.h"
#include "api/object_codec.h"
#include "base/strings.h"

namespace ballast {
namespace {

constexpr std::string_view kNameLabel = "kubernetes.io/metadata.name";

std::string_view KindOf(bool cluster_scoped) { return cluster_scoped ? "ClusterModelCache" : "ModelCache"; }

// The status in a file is what an apiserver once said, and not looked at.
void ReadManifest(YamlReader& yaml, ModelCache& cache) {
  FieldReader io(yaml);
  io.Require("metadata");
  yaml.Object("metadata", [&](YamlReader& inner) {
    FieldReader metadata(inner);
    Fields(metadata, cache.metadata);
    if (cache.cluster_scoped && inner.Has("namespace")) inner.Fail("namespace", "is for ModelCache only");
  });
  io.Require("spec");
  io.Object("spec", cache.spec,
            [&](auto& spec, ModelCacheSpec& value) { SpecFields(spec, value, cache.cluster_scoped); });
  yaml.Ignore("status");
}

Result<ModelCache> ReadDocument(const YamlValue& document, const std::string& file) {
  ModelCache cache;
  YamlReader yaml(document, file);
  const std::string kind = ReadKind(yaml, {"ClusterModelCache", "ModelCache"});
  // Of another kind of object the other keys would only confuse.
  if (!yaml.ok() && yaml.Has("apiVersion") && yaml.Has("kind")) return yaml.status();
  cache.cluster_scoped = kind != "ModelCache";
  ReadManifest(yaml, cache);
  RETURN_IF_ERROR(yaml.Finish());
  return cache;
}

std::string ObjectName(const ModelCache& cache) {
  const ObjectMeta& meta = cache.metadata;
  return StrCat(KindOf(cache.cluster_scoped), " ", cache.cluster_scoped ? "" : meta.object_namespace + "/", meta.name);
}

}  // namespace

Result<ModelRef> ParseCacheUri(std::string_view text, bool cluster_scoped) {
  if (const size_t at = text.find('@'); text.starts_with("hf://") && at != text.npos) {
    return InvalidArgument(
        StrCat("the uri names the model alone; put ", Quoted(text.substr(at)), " in source.revision, without the '@'"));
  }
  ASSIGN_OR_RETURN(ModelRef uri, ModelRef::Parse(text));
  if (!cluster_scoped && uri.scheme != OriginScheme::kHuggingFace) {
    return InvalidArgument("file:// and https:// are for ClusterModelCache only");
  }
  return uri;
}

ModelRef ModelSource::Ref() const {
  ModelRef ref = uri;
  ref.revision = revision;
  return ref;
}

// One requirement of the name, or nobody.
std::optional<std::vector<std::string>> NamespacesByName(const ModelCache& cache) {
  if (!cache.spec.allowed_namespaces || !cache.spec.allowed_namespaces->selector) return std::nullopt;
  const LabelSelector& selector = *cache.spec.allowed_namespaces->selector;
  const size_t required = selector.match_labels.size() + selector.match_expressions.size();
  if (required == 0) return std::nullopt;
  using Names = std::vector<std::string>;
  if (required > 1) return Names();
  const auto label = selector.match_labels.find(std::string(kNameLabel));
  if (label != selector.match_labels.end()) return Names{label->second};
  if (selector.match_expressions.empty()) return Names();
  const LabelRequirement& requirement = selector.match_expressions.front();
  const bool by_name = requirement.key == kNameLabel && requirement.op == LabelOperator::kIn;
  return by_name ? requirement.values : Names();
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

Result<ModelCache> ModelCacheFromJson(const nlohmann::json& object) {
  ASSIGN_OR_RETURN(const YamlValue value, YamlFromJson(object));
  YamlReader yaml(value, ObjectLabel(object), YamlReader::Keys::kLenient);
  ModelCache cache;
  cache.cluster_scoped = ReadKind(yaml, {"ClusterModelCache", "ModelCache"}) != "ModelCache";
  if (!yaml.ok()) return yaml.status();
  FieldReader io(yaml);
  Fields(io, cache);
  RETURN_IF_ERROR(yaml.Finish());
  return cache;
}

nlohmann::json ToJson(const ModelCache& cache) { return ObjectToJson(cache, KindOf(cache.cluster_scoped)); }

}  // namespace ballast
