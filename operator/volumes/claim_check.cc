#include "operator/volumes/claim_check.h"

#include <algorithm>
#include <string_view>

#include "api/object_meta.h"
#include "base/strings.h"

namespace ballast::controller {
namespace {

constexpr std::string_view kGroup = "ballast.dev";

Status CheckSourceKind(const DataSource& source) {
  if (source.api_group == kGroup && (source.kind == "ModelCache" || source.kind == "ClusterModelCache"))
    return OkStatus();
  return InvalidArgument(StrCat("spec.dataSourceRef: ", Quoted(source.kind), " of group ", Quoted(source.api_group),
                                " is no cache; use apiGroup: ballast.dev, kind: ClusterModelCache or ModelCache"));
}

Status CheckAccessMode(const std::string& mode) {
  if (mode == "ReadOnlyMany" || mode == "ReadWriteOnce") return OkStatus();
  return InvalidArgument(
      StrCat("spec.accessModes: models are read-only, ", Quoted(mode), " is not served; use [ReadOnlyMany]"));
}

Status CheckParameter(const std::string& key, const std::string& value) {
  const auto one_of = [&](const std::vector<std::string_view>& choices) {
    if (std::find(choices.begin(), choices.end(), value) != choices.end()) return OkStatus();
    return InvalidArgument(StrCat("parameters.", key, ": unknown value ", Quoted(value), DidYouMean(value, choices)));
  };
  if (key == "layout") return one_of({"plain", "hf", "hf-repo"});
  if (key == "publish") return one_of({"WhenReady", "Early"});
  if (key.starts_with("csi.storage.k8s.io/")) return OkStatus();  // for sidecars of other drivers
  return InvalidArgument(StrCat("parameters: unknown key ", Quoted(key), DidYouMean(key, {"layout", "publish"})));
}

Status CheckMountOption(const std::string& option) {
  if (option == "ro" || option == "nosuid" || option == "nodev") return OkStatus();
  return InvalidArgument(StrCat("mountOptions: ", Quoted(option),
                                " cannot be served: volumes are always mounted ro,nosuid,nodev; remove mountOptions"));
}

}  // namespace

Result<std::string> CacheOfClaim(const ClaimFacts& claim) {
  if (!claim.source)
    return InvalidArgument(
        "the claim names no model: set spec.dataSourceRef {apiGroup: ballast.dev, kind: ClusterModelCache, name: ..}");
  RETURN_IF_ERROR(CheckSourceKind(*claim.source));
  const DataSource& source = *claim.source;
  if (!source.ns.empty() && source.ns != claim.name.ns)
    return InvalidArgument(StrCat("spec.dataSourceRef.namespace: a cache of another namespace (", Quoted(source.ns),
                                  ") cannot be claimed; use a ClusterModelCache"));
  if (!CheckObjectName(source.name).ok())
    return InvalidArgument(StrCat("spec.dataSourceRef.name: ", Quoted(source.name), " is no object's name"));
  return source.kind == "ModelCache" ? StrCat(claim.name.ns, "/", source.name) : source.name;
}

std::string CacheLabel(const std::string& cache) {
  const bool namespaced = cache.find('/') != std::string::npos;
  return StrCat(namespaced ? "ModelCache " : "ClusterModelCache ", cache);
}

Status CheckClaim(const ClaimFacts& claim) {
  RETURN_IF_ERROR(CacheOfClaim(claim).status());
  if (claim.volume_mode != "Filesystem")
    return InvalidArgument(StrCat("spec.volumeMode: a model is a directory, ", Quoted(claim.volume_mode),
                                  " is not served; use Filesystem"));
  if (claim.access_modes.empty()) return InvalidArgument("spec.accessModes is missing; use [ReadOnlyMany]");
  for (const std::string& mode : claim.access_modes) RETURN_IF_ERROR(CheckAccessMode(mode));
  if (claim.has_selector)
    return InvalidArgument("spec.selector: a volume is made for the claim, none is looked for; remove it");
  if (!claim.revision.empty() && claim.revision != "current")
    return InvalidArgument(StrCat("annotation ", kRevisionAnnotation, ": unknown value ", Quoted(claim.revision),
                                  "; use current, or remove it to keep what is current now"));
  return OkStatus();
}

Status CheckStorageClass(const StorageClassFacts& storage_class) {
  const auto check = [&]() -> Status {
    for (const auto& [key, value] : storage_class.parameters) RETURN_IF_ERROR(CheckParameter(key, value));
    for (const std::string& option : storage_class.mount_options) RETURN_IF_ERROR(CheckMountOption(option));
    return OkStatus();
  };
  return check().WithContext(StrCat("StorageClass ", storage_class.name));
}

}  // namespace ballast::controller
