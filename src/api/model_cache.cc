#include "api/model_cache.h"

#include "api/model_cache_fields.h"
#include "api/object_codec.h"
#include "base/strings.h"

namespace ballast {
namespace {

std::string_view KindOf(bool cluster_scoped) { return cluster_scoped ? "ClusterModelCache" : "ModelCache"; }

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

std::optional<std::vector<std::string>> NamespacesByName(const ModelCache& cache) {
  const auto& allowed = cache.spec.allowed_namespaces;
  return allowed && allowed->selector ? NamespacesByName(*allowed->selector) : std::nullopt;
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
