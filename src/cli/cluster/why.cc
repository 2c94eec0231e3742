#include "cli/cluster/why.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "api/condition.h"
#include "base/strings.h"
#include "cli/cluster/cache_facts.h"

namespace ballast::cli {
namespace {

// The sentence that goes with a reason of ours; "" for others'.
std::string RemedyOf(std::string_view reason) {
  for (const Reason known : AllReasons()) {
    if (NameOf(known) == reason) return std::string(TextOf(known));
  }
  return "";
}

std::string Named(const CacheLook& cache) {
  return cache.kind.empty() ? StrCat("source ", cache.name.name) : StrCat(cache.kind, " ", cache.name.ToString());
}

Finding Waits(std::string reason, std::string text, std::optional<Timestamp> since, std::string remedy = "") {
  if (remedy.empty()) remedy = RemedyOf(reason);
  return {.reason = std::move(reason), .text = std::move(text), .since = since, .remedy = std::move(remedy)};
}

// `system_ns`: where the operator runs.
std::string LookAtOperator(const std::string& system_ns) {
  return StrCat("none, if this lasts seconds; else look at the operator: kubectl -n ", system_ns,
                " logs deploy/ballast-operator");
}

Finding Done(std::string text) { return {.waits = false, .text = std::move(text)}; }

const Condition* WithStatus(const ModelCache& cache, ConditionType type, ConditionStatus status) {
  const Condition* condition = FindCondition(cache.status.conditions, type);
  return condition != nullptr && condition->status == status ? condition : nullptr;
}

Finding FromCondition(const Condition& condition) {
  return Waits(condition.reason, StrCat(condition.reason, condition.message.empty() ? "" : ": ", condition.message),
               condition.last_transition_time);
}

Finding MissingCache(const CacheLook& cache, std::optional<Timestamp> since) {
  const std::vector<std::string_view> others(cache.others.begin(), cache.others.end());
  const std::string hint = others.empty() ? "; there is none at all" : DidYouMean(cache.name.name, others);
  return Waits("UnknownCache", StrCat(Named(cache), ", which does not exist", hint), since,
               StrCat("kubectl apply the ", cache.kind, ", or correct the name; nothing else has to be done again"));
}

bool Admits(const ModelCache& cache, const Labels& labels) {
  const auto& allowed = cache.spec.allowed_namespaces;
  return !allowed || !allowed->selector || allowed->selector->Matches(labels);
}

Finding NotAllowed(const CacheLook& cache, const std::string& ns, std::optional<Timestamp> since) {
  return Waits("NotAllowed", StrCat("namespace ", ns, " is none of the allowedNamespaces of ", Named(cache)), since,
               StrCat("label the namespace as spec.allowedNamespaces of ", Named(cache), " says, or ask its owner"));
}

// No new pod gets it, or which bytes it is, is not known yet.
std::optional<Finding> Unresolved(const ModelCache& cache, const std::string& system_ns) {
  if (cache.spec.suspend)
    return Waits("Suspended", "the cache is suspended", std::nullopt, "set spec.suspend of the cache to false");
  if (!cache.status.revision.current.manifest.empty()) return std::nullopt;
  if (const Condition* c = WithStatus(cache, ConditionType::kSecretNotReadable, ConditionStatus::kTrue))
    return FromCondition(*c);
  if (const Condition* c = WithStatus(cache, ConditionType::kDegraded, ConditionStatus::kTrue))
    return FromCondition(*c);
  return Waits("Resolving", "the hub is asked which files the revision stands for", cache.metadata.creation_timestamp,
               LookAtOperator(system_ns));
}

// What holds for a claim and for a pod's volume alike.
std::optional<Finding> CacheTrouble(const CacheLook& cache, const std::string& ns, const Labels& labels,
                                    std::optional<Timestamp> since, const std::string& system_ns) {
  if (cache.kind.empty()) return std::nullopt;
  if (!cache.object) return MissingCache(cache, since);
  if (!Admits(*cache.object, labels)) return NotAllowed(cache, ns, since);
  return Unresolved(*cache.object, system_ns);
}

std::string LastEvent(const std::vector<EventLook>& events) {
  return events.empty() ? "" : StrCat("; the last event says: ", events.front().reason, ": ", events.front().message);
}

Finding OfClaim(const ClaimLook& claim) {
  if (!claim.exists) {
    return Waits("", StrCat("claim ", claim.name.ToString(), ", which does not exist"), std::nullopt,
                 "kubectl apply the PersistentVolumeClaim");
  }
  if (!claim.volume.empty()) return Done(StrCat("bound to volume ", claim.volume));
  if (!claim.ours) return Done("not of Ballast: its storageClassName is none of ours");
  if (!claim.problem.empty()) {
    const size_t colon = claim.problem.find(": ");
    return Waits("", claim.problem.substr(0, colon), claim.created, claim.problem.substr(colon + 2));
  }
  if (claim.cache) {
    if (auto trouble =
            CacheTrouble(*claim.cache, claim.name.ns, claim.namespace_labels, claim.created, claim.system_ns))
      return *trouble;
  }
  if (claim.waits)
    return Waits("", "the first pod that uses it (its StorageClass says WaitForFirstConsumer)", claim.created,
                 "start a pod with it");
  return Waits("", StrCat("the operator to make its volume", LastEvent(claim.events)), claim.created,
               LookAtOperator(claim.system_ns));
}

// --- on the node
// -------------------------------------------------------------------------------------------------------

std::string ManifestOf(const VolumeLook& volume) {
  if (!volume.manifest.empty() || !volume.cache || !volume.cache->object) return volume.manifest;
  return volume.cache->object->status.revision.current.manifest;
}

Finding AgentTrouble(const NodeLook& node, std::optional<Timestamp> since) {
  if (node.agent.empty()) {
    return Waits("AgentLost", StrCat("node ", node.name, " has no agent"), since,
                 "label the node as a pool of the chart's agent.pools says, or keep the pod off it by a nodeSelector");
  }
  const size_t slash = node.agent.find('/');
  const std::string logs =
      StrCat("kubectl -n ", node.agent.substr(0, slash), " logs ", node.agent.substr(slash + 1), " --all-containers");
  return Waits("AgentLost",
               StrCat("the agent of node ", node.name, " (pod ", node.agent, ") is not ready",
                      node.agent_says.empty() ? "" : ": ", node.agent_says),
               since, StrCat("look at it: ", logs));
}

std::optional<Finding> NodeTrouble(const NodeLook& node, std::optional<Timestamp> since) {
  if (!node.ready)
    return Waits("NodeNotReady", StrCat("node ", node.name, " is not ready"), since,
                 "look at the node: kubectl describe node " + node.name);
  if (!node.agent_ready) return AgentTrouble(node, since);
  if (!node.driver) {
    return Waits("", StrCat("the driver is not registered with the kubelet of node ", node.name), since,
                 "none, if this lasts seconds; else look at the csi container of the agent's pod, and at the value "
                 "kubelet.rootDir of the chart");
  }
  return std::nullopt;
}

std::optional<Finding> Refused(const CacheNode& node, const std::string& cache) {
  for (const CacheRefusal& refusal : node.spec.refused) {
    if (refusal.cache == cache)
      return Waits(refusal.reason, StrCat(refusal.reason, refusal.message.empty() ? "" : ": ", refusal.message),
                   std::nullopt);
  }
  return std::nullopt;
}

// Of the model that the volume is of, by its agent: "model hf://org/name@commit is warming: 25% (..)".
std::optional<std::string> WarmingText(const EventLook& event, const ModelCache& cache) {
  const std::string model = StrCat("model ", cache.spec.source.uri.ToString());
  if (event.reason != "ModelWarming" || !event.message.starts_with(model)) return std::nullopt;
  const std::string rest = event.message.substr(model.size());
  const size_t is = rest.find(" is warming: ");
  if (is == std::string::npos || (is > 0 && rest.front() != '@')) return std::nullopt;
  return rest.substr(is + std::string_view(" is warming: ").size());
}

// What the node's agent told this pod last; "" = nothing.
std::string AgentSays(const ModelCache& cache, const PodLook& pod) {
  for (const EventLook& event : pod.events) {
    const std::optional<std::string> text = WarmingText(event, cache);
    if (!text) continue;
    if (pod.created && event.last && *event.last < *pod.created) return "";  // an earlier pod of that name
    return StrCat("; its agent said", event.last ? " at " + FormatTimestamp(*event.last) : "", ": ", *text);
  }
  return "";
}

std::string HowFar(const VolumeLook& volume, const PodLook& pod) {
  if (!volume.cache || !volume.cache->object) return "";
  const std::string together = TogetherText(*volume.cache->object);
  return StrCat(AgentSays(*volume.cache->object, pod), together.empty() ? "" : "; ", together);
}

// `size`: by the node; 0 = it has not said.
std::string Arrival(const VolumeLook& volume, const PodLook& pod, const std::string& manifest, uint64_t size) {
  if (size == 0 && volume.cache && volume.cache->object) size = SizeOf(*volume.cache->object, manifest);
  return StrCat("the model to arrive on node ", pod.node->name, size == 0 ? "" : " (" + FormatBytes(size) + ")");
}

Finding OfPhase(const CacheEntryStatus& entry, const VolumeLook& volume, const PodLook& pod) {
  switch (entry.phase) {
    case CachePhase::kReady:
      return Waits("", StrCat("the mount; the model is on the node", LastEvent(pod.events)), pod.scheduled,
                   "none, if this lasts seconds; else look at the csi container of the agent's pod");
    case CachePhase::kFailed:
      return Waits(
          entry.reason,
          StrCat("the model, which did not come: ", entry.reason, entry.message.empty() ? "" : ": ", entry.message),
          entry.since);
    case CachePhase::kDownloading:
    case CachePhase::kWaiting:
      break;
  }
  // Not failed: its bytes are the size of the revision, and not what is there of it.
  return Waits(entry.reason.empty() ? "Downloading" : entry.reason,
               StrCat(Arrival(volume, pod, entry.manifest, entry.bytes), entry.message.empty() ? "" : ": ",
                      entry.message, HowFar(volume, pod)),
               entry.since, "none: the pod starts by itself");
}

// What is under way, an agent writes to its CacheNode only after a while.
Finding Told(const CacheEntry& entry, const VolumeLook& volume, const PodLook& pod) {
  return Waits("Downloading",
               StrCat(Arrival(volume, pod, entry.manifest, 0), ": it was told to, and downloads it or is about to",
                      HowFar(volume, pod)),
               pod.scheduled, "none: the pod starts by itself");
}

const CacheEntry* EntryOf(const CacheNode& node, const std::string& cache, const std::string& manifest) {
  for (const CacheEntry& entry : node.spec.caches) {
    if (entry.cache == cache && (manifest.empty() || entry.manifest == manifest)) return &entry;
  }
  return nullptr;
}

const CacheEntryStatus* StatusOf(const CacheNode& node, const std::string& cache, const std::string& manifest) {
  for (const CacheEntryStatus& entry : node.status.caches) {
    if (entry.cache == cache && (manifest.empty() || entry.manifest == manifest)) return &entry;
  }
  return nullptr;
}

Finding OnNode(const VolumeLook& volume, const PodLook& pod) {
  const NodeLook& node = *pod.node;
  if (auto trouble = NodeTrouble(node, pod.scheduled)) return *trouble;
  if (!volume.cache || volume.cache->kind.empty())
    return Waits("", StrCat("the model of an inline source", LastEvent(pod.events)), pod.scheduled, "see the event");
  const std::string cache = volume.cache->name.ToString();
  if (!node.cache_node) {
    return Waits("Starting", StrCat("node ", node.name, " has no CacheNode yet"), pod.scheduled,
                 LookAtOperator(pod.system_ns));
  }
  if (auto refused = Refused(*node.cache_node, cache)) return *refused;
  if (const CacheEntryStatus* entry = StatusOf(*node.cache_node, cache, ManifestOf(volume)))
    return OfPhase(*entry, volume, pod);
  if (const CacheEntry* entry = EntryOf(*node.cache_node, cache, ManifestOf(volume))) return Told(*entry, volume, pod);
  return Waits("", StrCat("the operator to admit ", cache, " to node ", node.name, LastEvent(pod.events)),
               pod.scheduled, LookAtOperator(pod.system_ns));
}

Finding OfVolume(const VolumeLook& volume, const PodLook& pod) {
  if (volume.claim && volume.claim->volume.empty()) return OfClaim(*volume.claim);
  if (volume.cache && volume.cache->object) {
    if (auto trouble = CacheTrouble(*volume.cache, pod.name.ns, pod.namespace_labels, pod.created, pod.system_ns))
      return *trouble;
  } else if (volume.cache && !volume.cache->kind.empty() && !volume.claim) {
    return MissingCache(*volume.cache, pod.created);
  }
  if (!pod.node) {
    return Waits("", StrCat("a node", pod.unscheduled.empty() ? "" : ": ", pod.unscheduled), pod.created,
                 "the scheduler says what it lacks; a node with the taint "
                 "startup-taint.cluster-autoscaler.kubernetes.io/ballast loses it when its models are warm");
  }
  return OnNode(volume, pod);
}

bool Runs(const PodLook& pod) { return pod.phase == "Running" || pod.phase == "Succeeded" || pod.phase == "Failed"; }

std::string SubjectOf(const VolumeLook& volume) {
  const std::string of = volume.cache   ? Named(*volume.cache)
                         : volume.claim ? StrCat("claim ", volume.claim->name.name)
                                        : "";
  return StrCat("volume ", volume.name, of.empty() ? "" : " (" + of + ")");
}

std::string SinceText(const std::optional<Timestamp>& since, WallTime now) {
  if (!since) return "";
  const auto age = std::chrono::duration_cast<std::chrono::milliseconds>(now - WallTime(*since));
  return StrCat("\n  since:     ", FormatTimestamp(*since), " (",
                FormatDuration(std::max(age, std::chrono::milliseconds(0))), ")");
}

std::string TextOfFinding(const Finding& finding, WallTime now) {
  std::string text = finding.subject + "\n";
  if (!finding.waits) return StrCat(text, "  ", finding.text, "\n");
  text += StrCat("  waits for: ", finding.text, SinceText(finding.since, now), "\n");
  return finding.remedy.empty() ? text : StrCat(text, "  remedy:    ", finding.remedy, "\n");
}

}  // namespace

Explanation ExplainPod(const PodLook& pod) {
  Explanation explanation{.object = "pod " + pod.name.ToString(), .node = pod.node ? pod.node->name : ""};
  for (const VolumeLook& volume : pod.volumes) {
    Finding finding = Runs(pod) ? Done("mounted; the pod is " + pod.phase) : OfVolume(volume, pod);
    finding.subject = SubjectOf(volume);
    explanation.findings.push_back(std::move(finding));
  }
  return explanation;
}

Explanation ExplainClaim(const ClaimLook& claim) {
  Finding finding = OfClaim(claim);
  finding.subject = claim.cache ? StrCat("of ", Named(*claim.cache)) : "the claim";
  return {.object = "claim " + claim.name.ToString(), .node = "", .findings = {std::move(finding)}};
}

std::string Text(const Explanation& explanation, WallTime now) {
  std::string text = StrCat(explanation.object, explanation.node.empty() ? "" : " on node " + explanation.node, "\n");
  if (explanation.findings.empty()) return text + "it has no volume of Ballast: nothing of ours holds it up\n";
  for (const Finding& finding : explanation.findings) text += TextOfFinding(finding, now);
  return text;
}

std::string JsonText(const Explanation& explanation) {
  nlohmann::ordered_json list = nlohmann::ordered_json::array();
  for (const Finding& f : explanation.findings) {
    nlohmann::ordered_json since = nullptr;
    if (f.since) since = FormatTimestamp(*f.since);
    list.push_back({{"subject", f.subject},
                    {"waits", f.waits},
                    {"reason", f.reason},
                    {"text", f.text},
                    {"since", since},
                    {"remedy", f.remedy}});
  }
  return nlohmann::ordered_json{{"object", explanation.object}, {"node", explanation.node}, {"findings", list}}.dump() +
         "\n";
}

}  // namespace ballast::cli
