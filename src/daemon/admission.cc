#include "daemon/admission.h"

#include <algorithm>

#include "base/strings.h"
#include "daemon/manifest_folder.h"

namespace ballast {
namespace {

using cache::v1::PrepareRequest;

const ModelCache* FindCache(const std::vector<ModelCache>& caches, bool cluster_scoped, const std::string& name) {
  const auto found = std::find_if(caches.begin(), caches.end(), [&](const ModelCache& cache) {
    return cache.cluster_scoped == cluster_scoped && CacheName(cache) == name;
  });
  return found == caches.end() ? nullptr : &*found;
}

Status NoSuchCache(const std::vector<ModelCache>& caches, bool cluster_scoped, const std::string& name) {
  std::vector<std::string> names;
  for (const ModelCache& cache : caches) {
    if (cache.cluster_scoped == cluster_scoped) names.push_back(CacheName(cache));
  }
  const std::string kind = cluster_scoped ? "ClusterModelCache" : "ModelCache";
  if (names.empty())
    return NotFound(StrCat("no ", kind, " ", Quoted(name), ": this node knows no ", kind,
                           " at all; add its manifest to the manifests folder"));
  return NotFound(StrCat("no ", kind, " ", Quoted(name), DidYouMean(name, {names.begin(), names.end()})));
}

// A person at the socket may pull what no pod may mount.
Status AdmitNamespace(const PrepareRequest& asked, const ModelCache& cache) {
  const std::optional<std::vector<std::string>> names = NamespacesByName(cache);
  if (!asked.volume() || !names) return OkStatus();
  const std::vector<std::string>& allowed = *names;
  if (std::find(allowed.begin(), allowed.end(), asked.namespace_()) != allowed.end()) return OkStatus();
  const std::string who = asked.namespace_().empty()
                              ? "a pod whose namespace is not known (set podInfoOnMount: true in the CSIDriver)"
                              : "namespace " + Quoted(asked.namespace_());
  return PermissionDenied(
      StrCat("ClusterModelCache ", Quoted(cache.metadata.name), " is not for ", who, ": its allowedNamespaces ",
             allowed.empty() ? "select by labels, and this node knows no other label than kubernetes.io/metadata.name"
                             : "are " + Join(allowed, ", "),
             "; add it there as a value of kubernetes.io/metadata.name, or set from: All"));
}

Result<Admitted> AdmitCache(const PrepareRequest& asked, const std::vector<ModelCache>& caches) {
  const bool cluster_scoped = asked.model_case() == PrepareRequest::kClusterCache;
  if (!cluster_scoped && asked.namespace_().empty())
    return InvalidArgument("a ModelCache is looked up in the pod's namespace, and the call names none");
  const std::string name = cluster_scoped ? asked.cluster_cache() : StrCat(asked.namespace_(), "/", asked.cache());
  const ModelCache* cache = FindCache(caches, cluster_scoped, name);
  if (cache == nullptr) return NoSuchCache(caches, cluster_scoped, name);
  RETURN_IF_ERROR(AdmitNamespace(asked, *cache));
  if (cache->spec.suspend)
    return Unavailable(StrCat("cache ", Quoted(name), " is suspended; set spec.suspend to false"));
  return Admitted{.request = RequestOf(*cache), .cache = name};
}

bool AdmitsSource(const std::vector<std::string>& patterns, const std::string& uri) {
  return std::any_of(patterns.begin(), patterns.end(),
                     [&](const std::string& pattern) { return GlobMatch(pattern, uri); });
}

Result<Admitted> AdmitSource(const PrepareRequest& asked, const VolumeSources& sources) {
  ASSIGN_OR_RETURN(ModelRef ref, ModelRef::Parse(asked.source()));
  if (asked.volume() && !AdmitsSource(sources.patterns, ref.Uri())) {
    return PermissionDenied(StrCat("a volume on this node may not name the source ", Quoted(ref.Uri()), ": ",
                                   sources.said_by, " admits ",
                                   sources.patterns.empty() ? "none" : Join(sources.patterns, ", "),
                                   "; name a ClusterModelCache instead, or add the source there"));
  }
  return Admitted{.request = {.ref = std::move(ref), .pod_namespace = asked.namespace_()}};
}

Status ApplyRevision(const PrepareRequest& asked, Admitted& admitted) {
  if (asked.revision().empty()) return OkStatus();
  RETURN_IF_ERROR(CheckRevision(asked.revision()));
  ModelRef& ref = admitted.request.ref;
  if (ref.scheme != OriginScheme::kHuggingFace)
    return InvalidArgument(StrCat("revision is for hf:// models only, not for ", ref.Uri()));
  if (asked.model_case() == PrepareRequest::kSource && !ref.revision.empty() && ref.revision != asked.revision()) {
    return InvalidArgument(StrCat("source names revision ", Quoted(ref.revision), " and revision says ",
                                  Quoted(asked.revision()), "; leave one of them out"));
  }
  ref.revision = asked.revision();
  return OkStatus();
}

Result<Admitted> AdmitModel(const PrepareRequest& asked, const std::vector<ModelCache>& caches,
                            const VolumeSources& sources) {
  switch (asked.model_case()) {
    case PrepareRequest::kClusterCache:
    case PrepareRequest::kCache:
      return AdmitCache(asked, caches);
    case PrepareRequest::kSource:
      return AdmitSource(asked, sources);
    default:
      return InvalidArgument("name a model: one of clusterCache, cache or source");
  }
}

}  // namespace

ModelRequest RequestOf(const ModelCache& cache) {
  const ModelSource& source = cache.spec.source;
  return {.ref = source.Ref(), .filter = source.filter, .origin = source.origin, .keep_resolution = true};
}

Result<Admitted> Admit(const PrepareRequest& asked, const std::vector<ModelCache>& caches,
                       const VolumeSources& sources) {
  ASSIGN_OR_RETURN(Admitted admitted, AdmitModel(asked, caches, sources));
  RETURN_IF_ERROR(ApplyRevision(asked, admitted));
  if (!asked.manifest().empty()) {
    Result<Digest> manifest = Digest::Parse(asked.manifest());
    if (!manifest.ok()) return manifest.status().WithContext("manifest");
    admitted.manifest = *manifest;
  }
  if (asked.has_lease()) RETURN_IF_ERROR(CheckLease(asked.lease()));
  return admitted;
}

Status CheckLease(const cache::v1::Lease& lease) {
  const std::string& id = lease.volume_id();
  const bool printable = std::all_of(id.begin(), id.end(), [](char c) { return c >= 0x20 && c < 0x7f; });
  if (id.empty() || id.size() > 128 || !printable)
    return InvalidArgument(StrCat("volume id ", Quoted(id), " must have 1 to 128 printable characters"));
  const std::string& target = lease.target_path();
  if (target.empty() || target.front() != '/' || target.size() >= 4096 || target.find('\0') != std::string::npos) {
    return InvalidArgument(StrCat("target path ", Quoted(target), " must be absolute and shorter than 4,096 bytes"));
  }
  return OkStatus();
}

}  // namespace ballast
