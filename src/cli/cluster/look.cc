#include "cli/cluster/look.h"

#include <algorithm>

#include "base/strings.h"
#include "cli/cluster/resources.h"

namespace ballast::cli {
namespace {

std::optional<Timestamp> TimeAt(const Json& object, const char* pointer) {
  const Result<Timestamp> time = ParseTimestamp(StringAt(object, pointer));
  return time.ok() ? std::optional(*time) : std::nullopt;
}

Labels LabelsOf(const Json& object) {
  Labels labels;
  for (const auto& [key, value] : ChildAt(object, "/metadata/labels").items()) {
    if (value.is_string()) labels[key] = value.get<std::string>();
  }
  return labels;
}

const Json* ConditionOf(const Json& object, std::string_view type) {
  for (const Json& condition : ChildAt(object, "/status/conditions")) {
    if (StringAt(condition, "/type") == type) return &condition;
  }
  return nullptr;
}

bool IsTrue(const Json& object, std::string_view type) {
  const Json* condition = ConditionOf(object, type);
  return condition != nullptr && StringAt(*condition, "/status") == "True";
}

// nullopt where there is none; an error of another kind is one.
Result<std::optional<Json>> Find(KubeClient& client, const KubeResource& resource, const ObjectName& name,
                                 const CallLimits& limits) {
  Result<Json> found = client.Get(resource, name, limits);
  if (found.ok()) return std::optional(*std::move(found));
  if (found.status().code() == StatusCode::kNotFound) return std::optional<Json>();
  return found.status();
}

class Looker {
 public:
  Looker(KubeClient& client, const CallLimits& limits) : client_(client), limits_(limits) {}

  Result<PodLook> Pod(const ObjectName& name) {
    ASSIGN_OR_RETURN(const Json pod, client_.Get(kPods, name, limits_));
    PodLook look{
        .name = name, .phase = StringAt(pod, "/status/phase"), .created = TimeAt(pod, "/metadata/creationTimestamp")};
    Schedule(pod, look);
    ASSIGN_OR_RETURN(look.namespace_labels, NamespaceLabels(name.ns));
    ASSIGN_OR_RETURN(look.events, EventsOf(name, "Pod"));
    look.system_ns = SystemNamespace();
    for (const Json& volume : ChildAt(pod, "/spec/volumes")) RETURN_IF_ERROR(Add(volume, name.ns, look.volumes));
    const std::string node = StringAt(pod, "/spec/nodeName");
    if (node.empty() || look.volumes.empty()) return look;
    ASSIGN_OR_RETURN(look.node, Node(node));
    return look;
  }

  Result<ClaimLook> Claim(const ObjectName& name) {
    ASSIGN_OR_RETURN(const std::optional<Json> claim, Find(client_, kClaims, name, limits_));
    ClaimLook look{.name = name, .exists = claim.has_value()};
    if (!claim) return look;
    look.volume = StringAt(*claim, "/spec/volumeName");
    look.created = TimeAt(*claim, "/metadata/creationTimestamp");
    ASSIGN_OR_RETURN(look.namespace_labels, NamespaceLabels(name.ns));
    ASSIGN_OR_RETURN(look.events, EventsOf(name, "PersistentVolumeClaim"));
    look.system_ns = SystemNamespace();
    RETURN_IF_ERROR(ReadClass(*claim, look));
    if (look.ours) RETURN_IF_ERROR(ReadSource(*claim, look));
    return look;
  }

 private:
  static void Schedule(const Json& pod, PodLook& look) {
    const Json* scheduled = ConditionOf(pod, "PodScheduled");
    if (scheduled == nullptr) return;
    if (StringAt(*scheduled, "/status") == "True") {
      look.scheduled = TimeAt(*scheduled, "/lastTransitionTime");
    } else {
      look.unscheduled = StringAt(*scheduled, "/message");
    }
  }

  Status Add(const Json& volume, const std::string& ns, std::vector<VolumeLook>& volumes) {
    VolumeLook look{.name = StringAt(volume, "/name")};
    const std::string claim = StringAt(volume, "/persistentVolumeClaim/claimName");
    if (StringAt(volume, "/csi/driver") == kDriver) {
      RETURN_IF_ERROR(ReadAttributes(ChildAt(volume, "/csi/volumeAttributes"), ns, look));
    } else if (!claim.empty()) {
      ASSIGN_OR_RETURN(look.claim, Claim({ns, claim}));
      if (look.claim->exists && !look.claim->ours) return OkStatus();
      RETURN_IF_ERROR(ReadVolume(look));
    } else {
      return OkStatus();
    }
    volumes.push_back(std::move(look));
    return OkStatus();
  }

  // A bound claim's volume says what it is of.
  Status ReadVolume(VolumeLook& look) {
    look.cache = look.claim->cache;
    if (look.claim->volume.empty()) return OkStatus();
    ASSIGN_OR_RETURN(const std::optional<Json> volume, Find(client_, kVolumes, {"", look.claim->volume}, limits_));
    if (!volume) return OkStatus();
    return ReadAttributes(ChildAt(*volume, "/spec/csi/volumeAttributes"), look.claim->name.ns, look);
  }

  Status ReadAttributes(const Json& attributes, const std::string& ns, VolumeLook& look) {
    look.manifest = StringAt(attributes, "/manifest");
    const std::string cluster = StringAt(attributes, "/clusterCache");
    const std::string local = StringAt(attributes, "/cache");
    if (cluster.empty() && local.empty()) {
      look.cache = CacheLook{.name = {"", StringAt(attributes, "/source")}};
      return OkStatus();
    }
    ASSIGN_OR_RETURN(look.cache,
                     cluster.empty() ? Cache("ModelCache", {ns, local}) : Cache("ClusterModelCache", {"", cluster}));
    return OkStatus();
  }

  Status ReadClass(const Json& claim, ClaimLook& look) {
    const std::string name = StringAt(claim, "/spec/storageClassName");
    if (!name.empty()) {
      ASSIGN_OR_RETURN(const std::optional<Json> found, Find(client_, kStorageClasses, {"", name}, limits_));
      look.ours = found && StringAt(*found, "/provisioner") == kDriver;
      look.waits = found && StringAt(*found, "/volumeBindingMode") == "WaitForFirstConsumer";
    }
    if (look.ours || look.volume.empty()) return OkStatus();
    ASSIGN_OR_RETURN(const std::optional<Json> volume, Find(client_, kVolumes, {"", look.volume}, limits_));
    look.ours = volume && StringAt(*volume, "/spec/csi/driver") == kDriver;
    return OkStatus();
  }

  Status ReadSource(const Json& claim, ClaimLook& look) {
    if (!look.volume.empty()) return OkStatus();
    const std::string kind = StringAt(claim, "/spec/dataSourceRef/kind");
    const std::string name = StringAt(claim, "/spec/dataSourceRef/name");
    if (StringAt(claim, "/spec/dataSourceRef/apiGroup") != "ballast.dev" || name.empty()) {
      look.problem =
          "it names no cache: set spec.dataSourceRef to {apiGroup: ballast.dev, kind: ClusterModelCache, name: ..}";
      return OkStatus();
    }
    look.problem = ModeProblem(claim);
    ASSIGN_OR_RETURN(look.cache, Cache(kind, {kind == "ModelCache" ? look.name.ns : "", name}));
    return OkStatus();
  }

  static std::string ModeProblem(const Json& claim) {
    if (StringAt(claim, "/spec/volumeMode") == "Block")
      return "it asks for volumeMode Block: models are files; leave volumeMode out";
    for (const Json& mode : ChildAt(claim, "/spec/accessModes")) {
      if (mode == "ReadWriteMany" || mode == "ReadWriteOncePod")
        return StrCat("it asks for accessModes ", mode.get<std::string>(), ": models are read-only; use ReadOnlyMany");
    }
    return "";
  }

  Result<CacheLook> Cache(const std::string& kind, const ObjectName& name) {
    const KubeResource& resource = kind == "ModelCache" ? kModelCaches : kClusterModelCaches;
    CacheLook look{.kind = kind, .name = name};
    ASSIGN_OR_RETURN(const std::optional<Json> found, Find(client_, resource, name, limits_));
    if (found) {
      ASSIGN_OR_RETURN(look.object, ModelCacheFromJson(*found));
      return look;
    }
    ASSIGN_OR_RETURN(const ListPage all, ListAll(client_, resource, {.ns = name.ns}, limits_));
    for (const Json& other : all.items) look.others.push_back(NameOf(other).name);
    return look;
  }

  Result<NodeLook> Node(const std::string& name) {
    NodeLook look{.name = name};
    ASSIGN_OR_RETURN(const std::optional<Json> node, Find(client_, kNodes, {"", name}, limits_));
    look.ready = node && IsTrue(*node, "Ready");
    ASSIGN_OR_RETURN(const std::optional<Json> cache_node, Find(client_, kCacheNodes, {"", name}, limits_));
    if (cache_node) {
      ASSIGN_OR_RETURN(look.cache_node, CacheNodeFromJson(*cache_node));
    }
    ASSIGN_OR_RETURN(const std::optional<Json> drivers, Find(client_, kDriverNodes, {"", name}, limits_));
    if (drivers) look.driver = HasDriver(*drivers);
    RETURN_IF_ERROR(ReadAgent(look));
    return look;
  }

  static bool HasDriver(const Json& node) {
    const Json& drivers = ChildAt(node, "/spec/drivers");
    return std::any_of(drivers.begin(), drivers.end(),
                       [](const Json& driver) { return StringAt(driver, "/name") == kDriver; });
  }

  Status ReadAgent(NodeLook& look) {
    ASSIGN_OR_RETURN(const ListPage agents, ListAll(client_, kPods, {.label_selector = kAgentLabels}, limits_));
    for (const Json& agent : agents.items) {
      if (StringAt(agent, "/spec/nodeName") != look.name) continue;
      look.agent = NameOf(agent).ToString();
      look.agent_ready = IsTrue(agent, "Ready");
      look.agent_says = TroubleOf(agent);
    }
    return OkStatus();
  }

  // That of our pods. Who finds none, or may not list any, is told the usual one.
  const std::string& SystemNamespace() {
    for (const char* labels : {kOperatorLabels, kAgentLabels}) {
      if (!system_ns_.empty()) break;
      const Result<ListPage> ours = client_.List(kPods, {.label_selector = labels, .limit = 1}, limits_);
      if (ours.ok() && !ours->items.empty()) system_ns_ = NameOf(ours->items.front()).ns;
    }
    if (system_ns_.empty()) system_ns_ = kUsualNamespace;
    return system_ns_;
  }

  // The first container that waits or ended, in its own words.
  static std::string TroubleOf(const Json& pod) {
    for (const char* list : {"/status/initContainerStatuses", "/status/containerStatuses"}) {
      for (const Json& container : ChildAt(pod, list)) {
        const std::string name = StringAt(container, "/name");
        const std::string waits = StringAt(container, "/state/waiting/reason");
        if (!waits.empty() && waits != "PodInitializing") return StrCat("container ", name, ": ", waits);
        const std::string ended = StringAt(container, "/lastState/terminated/message");
        if (!ended.empty()) return StrCat("container ", name, ": ", Trim(ended));
      }
    }
    const Json* ready = ConditionOf(pod, "Ready");
    return ready == nullptr ? "" : StringAt(*ready, "/message");
  }

  Result<Labels> NamespaceLabels(const std::string& ns) {
    ASSIGN_OR_RETURN(const std::optional<Json> found, Find(client_, kNamespaces, {"", ns}, limits_));
    return found ? LabelsOf(*found) : Labels{};
  }

  // The newest first.
  Result<std::vector<EventLook>> EventsOf(const ObjectName& name, std::string_view kind) {
    ASSIGN_OR_RETURN(const ListPage all, ListAll(client_, kEvents, {.ns = name.ns}, limits_));
    std::vector<EventLook> events;
    for (const Json& event : all.items) {
      if (StringAt(event, "/involvedObject/kind") != kind || StringAt(event, "/involvedObject/name") != name.name)
        continue;
      std::optional<Timestamp> last = TimeAt(event, "/lastTimestamp");
      if (!last) last = TimeAt(event, "/series/lastObservedTime");
      if (!last) last = TimeAt(event, "/eventTime");
      events.push_back({StringAt(event, "/reason"), StringAt(event, "/message"), last});
    }
    std::stable_sort(events.begin(), events.end(),
                     [](const EventLook& a, const EventLook& b) { return a.last > b.last; });
    return events;
  }

  KubeClient& client_;
  const CallLimits& limits_;
  std::string system_ns_;  // "" = nobody has asked yet
};

}  // namespace

Result<PodLook> LookAtPod(KubeClient& client, const ObjectName& name, const CallLimits& limits) {
  return Looker(client, limits).Pod(name);
}

Result<ClaimLook> LookAtClaim(KubeClient& client, const ObjectName& name, const CallLimits& limits) {
  ASSIGN_OR_RETURN(ClaimLook look, Looker(client, limits).Claim(name));
  if (!look.exists) return NotFound(StrCat("no claim ", Quoted(name.name), " in namespace ", Quoted(name.ns)));
  return look;
}

}  // namespace ballast::cli
