#include "csi/volume_context.h"

#include <algorithm>
#include <string_view>
#include <vector>

#include "base/strings.h"
#include "core/digest.h"
#include "core/model_ref.h"

namespace ballast::driver {
namespace {

using Attributes = std::map<std::string, std::string>;

const std::vector<std::string_view>& Keys() {
  static const std::vector<std::string_view> keys = {"clusterCache", "cache",  "source", "revision",
                                                     "manifest",     "layout", "publish"};
  return keys;
}

std::string Get(const Attributes& attributes, const std::string& key) {
  const auto found = attributes.find(key);
  return found == attributes.end() ? "" : found->second;
}

Status Invalid(std::string_view key, std::string_view why) {
  return InvalidArgument(StrCat("volume attribute ", key, ": ", why));
}

bool IsKubernetesKey(std::string_view key) {
  return key.starts_with("csi.storage.k8s.io/") || key.starts_with("storage.kubernetes.io/");
}

Status CheckKeys(const Attributes& attributes) {
  for (const auto& [key, value] : attributes) {
    if (IsKubernetesKey(key)) continue;
    if (std::find(Keys().begin(), Keys().end(), key) == Keys().end()) {
      return InvalidArgument(StrCat("unknown volume attribute ", Quoted(key), DidYouMean(key, Keys())));
    }
    if (value.empty()) return Invalid(key, "it is empty; give it a value or remove it");
  }
  return OkStatus();
}

// The name of a Kubernetes object: a DNS subdomain.
Status CheckObjectName(std::string_view key, std::string_view name) {
  const auto good = [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '.'; };
  const bool edges =
      !name.empty() && name.front() != '-' && name.front() != '.' && name.back() != '-' && name.back() != '.';
  if (edges && name.size() <= 253 && std::all_of(name.begin(), name.end(), good)) return OkStatus();
  return Invalid(key,
                 StrCat(Quoted(name), " is no object's name (lower-case letters, digits, '-' and '.', at most 253)"));
}

Status ReadSource(const std::string& source, const std::string& revision, ModelOrder& order) {
  const auto ref = ModelRef::Parse(source);
  if (!ref.ok()) return ref.status().WithContext("volume attribute source");
  if (!ref->revision.empty() && !revision.empty()) {
    return Invalid("revision", StrCat("the source ", Quoted(source), " names a revision already; keep one of the two"));
  }
  order.kind = ModelOrder::Kind::kSource;
  order.name = ref->ToString();
  return OkStatus();
}

Status ReadModel(const Attributes& attributes, ModelOrder& order) {
  std::vector<std::string> given;
  for (const char* key : {"clusterCache", "cache", "source"}) {
    if (attributes.contains(key)) given.emplace_back(key);
  }
  if (given.empty()) {
    return InvalidArgument("the volume names no model: set the volume attribute clusterCache (or cache, or source)");
  }
  if (given.size() > 1) {
    return InvalidArgument(StrCat("the volume attributes ", Join(given, " and "), " exclude each other; keep one"));
  }
  order.name = Get(attributes, given[0]);
  if (given[0] == "source") return ReadSource(order.name, order.revision, order);
  order.kind = given[0] == "cache" ? ModelOrder::Kind::kCache : ModelOrder::Kind::kClusterCache;
  if (order.kind == ModelOrder::Kind::kCache && order.pod_namespace.empty()) {
    return Invalid("cache",
                   "a ModelCache lies in the pod's namespace, which the kubelet did not tell; set podInfoOnMount: "
                   "true in the CSIDriver, or use clusterCache");
  }
  return CheckObjectName(given[0], order.name);
}

Status ReadLayout(const std::string& value, Layout& layout) {
  if (value.empty() || value == "plain") {
    layout = Layout::kPlain;
  } else if (value == "hf") {
    layout = Layout::kHf;
  } else if (value == "hf-repo") {
    layout = Layout::kHfRepo;
  } else {
    return Invalid("layout", StrCat("unknown value ", Quoted(value), DidYouMean(value, {"plain", "hf", "hf-repo"})));
  }
  return OkStatus();
}

Status ReadPublish(const std::string& value, bool& early) {
  if (!value.empty() && value != "WhenReady" && value != "Early") {
    return Invalid("publish", StrCat("unknown value ", Quoted(value), DidYouMean(value, {"WhenReady", "Early"})));
  }
  early = value == "Early";
  return OkStatus();
}

Status ReadPins(const Attributes& attributes, ModelOrder& order) {
  order.revision = Get(attributes, "revision");
  order.manifest = Get(attributes, "manifest");
  if (!order.revision.empty()) {
    if (const Status bad = CheckRevision(order.revision); !bad.ok())
      return bad.WithContext("volume attribute revision");
  }
  if (!order.manifest.empty()) {
    if (const auto digest = Digest::Parse(order.manifest); !digest.ok()) {
      return digest.status().WithContext("volume attribute manifest");
    }
  }
  return OkStatus();
}

std::string PodOf(const Attributes& attributes) {
  const std::string name = Get(attributes, "csi.storage.k8s.io/pod.name");
  return name.empty() ? "" : StrCat(Get(attributes, "csi.storage.k8s.io/pod.namespace"), "/", name);
}

}  // namespace

Result<VolumeContext> ParseVolumeContext(const Attributes& attributes) {
  VolumeContext context;
  RETURN_IF_ERROR(CheckKeys(attributes));
  context.pod = PodOf(attributes);
  context.pod_uid = Get(attributes, "csi.storage.k8s.io/pod.uid");
  context.order.pod_namespace = Get(attributes, "csi.storage.k8s.io/pod.namespace");
  RETURN_IF_ERROR(ReadPins(attributes, context.order));
  RETURN_IF_ERROR(ReadModel(attributes, context.order));
  RETURN_IF_ERROR(ReadLayout(Get(attributes, "layout"), context.order.layout));
  RETURN_IF_ERROR(ReadPublish(Get(attributes, "publish"), context.order.early));
  return context;
}

}  // namespace ballast::driver
