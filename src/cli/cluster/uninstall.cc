#include "cli/cluster/uninstall.h"

#include <algorithm>
#include <set>

#include "base/strings.h"
#include "cli/cluster/look.h"
#include "cli/cluster/resources.h"

namespace ballast::cli {
namespace {

constexpr std::string_view kTaint = "startup-taint.cluster-autoscaler.kubernetes.io/ballast";
constexpr std::string_view kOurPrefix = "ballast.dev/";

// Claims whose volume is of our driver, as "namespace/name".
Result<std::set<std::string>> ClaimsOfOurs(KubeClient& client, const CallLimits& limits) {
  ASSIGN_OR_RETURN(const ListPage volumes, ListAll(client, kVolumes, {}, limits));
  std::set<std::string> claims;
  for (const Json& volume : volumes.items) {
    if (StringAt(volume, "/spec/csi/driver") != kDriver) continue;
    claims.insert(StrCat(StringAt(volume, "/spec/claimRef/namespace"), "/", StringAt(volume, "/spec/claimRef/name")));
  }
  return claims;
}

bool Mounts(const Json& pod, const std::set<std::string>& claims) {
  const std::string phase = StringAt(pod, "/status/phase");
  if (StringAt(pod, "/spec/nodeName").empty() || phase == "Succeeded" || phase == "Failed") return false;
  const Json& volumes = ChildAt(pod, "/spec/volumes");
  return std::any_of(volumes.begin(), volumes.end(), [&](const Json& volume) {
    if (StringAt(volume, "/csi/driver") == kDriver) return true;
    const std::string claim = StringAt(volume, "/persistentVolumeClaim/claimName");
    return !claim.empty() && claims.contains(StrCat(NameOf(pod).ns, "/", claim));
  });
}

// Lists, and lets `act` say in a line what it did; "" = nothing. A resource that is not there has no objects.
template <typename Act>
Status ForEach(KubeClient& client, const KubeResource& resource, const CallLimits& limits, CleanedUp& done,
               const Act& act) {
  const Result<ListPage> page = ListAll(client, resource, {}, limits);
  if (page.status().code() == StatusCode::kNotFound) return OkStatus();
  RETURN_IF_ERROR(page.status());
  for (const Json& object : page->items) {
    ASSIGN_OR_RETURN(const std::string line, act(object));
    if (!line.empty()) done.lines.push_back(line);
  }
  return OkStatus();
}

Result<std::string> DropFinalizers(KubeClient& client, const KubeResource& resource, const Json& object,
                                   const CallLimits& limits) {
  Json rest = Json::array();
  const Json& finalizers = ChildAt(object, "/metadata/finalizers");
  for (const Json& finalizer : finalizers) {
    if (!finalizer.get<std::string>().starts_with(kOurPrefix)) rest.push_back(finalizer);
  }
  if (rest.size() == finalizers.size()) return std::string();
  const Json patch = {{"metadata", {{"finalizers", rest}}}};
  const Result<Json> patched = client.Patch(resource, NameOf(object), patch, Subresource::kNone, limits);
  if (!patched.ok() && patched.status().code() != StatusCode::kNotFound) return patched.status();
  return StrCat(resource.plural, " ", NameOf(object).ToString(), ": finalizer removed");
}

Result<std::string> Delete(KubeClient& client, const KubeResource& resource, const ObjectName& name,
                           const CallLimits& limits) {
  const Status deleted = client.Delete(resource, name, {}, limits);
  if (deleted.code() == StatusCode::kNotFound) return std::string();
  RETURN_IF_ERROR(deleted);
  return StrCat(resource.plural, " ", name.ToString(), ": deleted");
}

Status DeleteOne(KubeClient& client, const KubeResource& resource, const ObjectName& name, const CallLimits& limits,
                 CleanedUp& done) {
  ASSIGN_OR_RETURN(const std::string line, Delete(client, resource, name, limits));
  if (!line.empty()) done.lines.push_back(line);
  return OkStatus();
}

// Nobody is left to do it.
Result<std::string> DropVolume(KubeClient& client, const Json& volume, const CallLimits& limits) {
  if (StringAt(volume, "/spec/csi/driver") != kDriver || StringAt(volume, "/status/phase") == "Bound")
    return std::string();
  ASSIGN_OR_RETURN(const std::string finalizer, DropFinalizers(client, kVolumes, volume, limits));
  return Delete(client, kVolumes, NameOf(volume), limits);
}

Json LabelsPatch(const Json& node) {
  Json labels = Json::object();
  for (const auto& [key, value] : ChildAt(node, "/metadata/labels").items()) {
    if (key.starts_with(kOurPrefix)) labels[key] = nullptr;
  }
  return labels;
}

Result<std::string> FreeNode(KubeClient& client, const Json& node, const CallLimits& limits) {
  Json patch = Json::object();
  const Json labels = LabelsPatch(node);
  if (!labels.empty()) patch["metadata"]["labels"] = labels;
  Json rest = Json::array();
  const Json& taints = ChildAt(node, "/spec/taints");
  for (const Json& taint : taints) {
    if (StringAt(taint, "/key") != kTaint) rest.push_back(taint);
  }
  if (rest.size() != taints.size()) patch["spec"]["taints"] = rest;
  if (patch.empty()) return std::string();
  patch["metadata"]["resourceVersion"] = ResourceVersionOf(node);
  RETURN_IF_ERROR(client.Patch(kNodes, NameOf(node), patch, Subresource::kNone, limits).status());
  return StrCat("node ", NameOf(node).name, ": our labels and startup taint removed");
}

bool IsReady(const Json& pod) {
  const Json& conditions = ChildAt(pod, "/status/conditions");
  return std::any_of(conditions.begin(), conditions.end(), [](const Json& condition) {
    return StringAt(condition, "/type") == "Ready" && StringAt(condition, "/status") == "True";
  });
}

std::string PodText(const Json& pod) {
  const std::string node = StringAt(pod, "/spec/nodeName");
  return StrCat(NameOf(pod).name, node.empty() ? " (on no node yet)" : " on node " + node);
}

std::string SelectorOf(const Json& daemon_set) {
  std::vector<std::string> labels;
  for (const auto& [key, value] : ChildAt(daemon_set, "/spec/selector/matchLabels").items()) {
    if (value.is_string()) labels.push_back(StrCat(key, "=", value.get<std::string>()));
  }
  return Join(labels, ",");
}

Status CleanObjects(KubeClient& client, const CallLimits& limits, CleanedUp& done) {
  for (const KubeResource& resource : {kModelCaches, kClusterModelCaches, kCachePolicies, kCacheNodes}) {
    RETURN_IF_ERROR(ForEach(client, resource, limits, done,
                            [&](const Json& object) { return DropFinalizers(client, resource, object, limits); }));
  }
  RETURN_IF_ERROR(ForEach(client, kCacheNodes, limits, done,
                          [&](const Json& object) { return Delete(client, kCacheNodes, NameOf(object), limits); }));
  RETURN_IF_ERROR(
      ForEach(client, kVolumes, limits, done, [&](const Json& volume) { return DropVolume(client, volume, limits); }));
  return ForEach(client, kNodes, limits, done, [&](const Json& node) { return FreeNode(client, node, limits); });
}

}  // namespace

Status CheckNothingMounted(KubeClient& client, const CallLimits& limits) {
  ASSIGN_OR_RETURN(const std::set<std::string> claims, ClaimsOfOurs(client, limits));
  ASSIGN_OR_RETURN(const ListPage pods, ListAll(client, kPods, {}, limits));
  std::vector<std::string> users;
  for (const Json& pod : pods.items) {
    if (Mounts(pod, claims))
      users.push_back(StrCat(NameOf(pod).ToString(), " (node ", StringAt(pod, "/spec/nodeName"), ")"));
  }
  if (users.empty()) return OkStatus();
  const size_t count = users.size();
  users.resize(std::min<size_t>(count, 10));
  return FailedPrecondition(StrCat(count, count == 1 ? " pod has a volume" : " pods have volumes",
                                   " of Ballast mounted: ", Join(users, ", "), count > 10 ? ", ..." : "",
                                   "; delete them first, or install with uninstall.refuseWhileMounted=false"));
}

Result<CleanedUp> CleanUp(KubeClient& client, const CleanUpRequest& request, const CallLimits& limits) {
  CleanedUp done;
  RETURN_IF_ERROR(CleanObjects(client, limits, done));
  for (const char* populator : {"ballast-modelcache", "ballast-clustermodelcache"}) {
    RETURN_IF_ERROR(DeleteOne(client, kPopulators, {"", populator}, limits, done));
  }
  RETURN_IF_ERROR(DeleteOne(client, kLeases, {request.ns, "ballast-operator"}, limits, done));
  RETURN_IF_ERROR(DeleteOne(client, kConfigMaps, {request.ns, "ballast-ca"}, limits, done));
  if (!request.secret.empty()) RETURN_IF_ERROR(DeleteOne(client, kSecrets, {request.ns, request.secret}, limits, done));
  return done;
}

Result<RolledOut> LookAtDaemonSet(KubeClient& client, const ObjectName& name, const CallLimits& limits) {
  ASSIGN_OR_RETURN(const Json object, client.Get(kDaemonSets, name, limits));
  if (IntAt(object, "/status/observedGeneration") < GenerationOf(object)) return RolledOut{0, 1};
  return RolledOut{IntAt(object, "/status/numberReady"), IntAt(object, "/status/desiredNumberScheduled")};
}

Result<std::vector<std::string>> PodsNotReady(KubeClient& client, const ObjectName& daemon_set,
                                              const CallLimits& limits) {
  ASSIGN_OR_RETURN(const Json object, client.Get(kDaemonSets, daemon_set, limits));
  const std::string selector = SelectorOf(object);
  std::vector<std::string> pods;
  if (selector.empty()) return pods;  // that would be all pods
  ASSIGN_OR_RETURN(const ListPage page,
                   ListAll(client, kPods, {.ns = daemon_set.ns, .label_selector = selector}, limits));
  for (const Json& pod : page.items) {
    if (!IsReady(pod)) pods.push_back(PodText(pod));
  }
  return pods;
}

}  // namespace ballast::cli
