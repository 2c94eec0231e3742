#include "cli/cluster/policy_plan.h"

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>

#include "api/cache_policy_fields.h"
#include "api/object_codec.h"
#include "base/strings.h"
#include "cli/cluster/resources.h"

namespace ballast::cli {
namespace {

bool Selects(const CachePolicy& policy, const Labels& labels) {
  return !policy.spec.node_selector || policy.spec.node_selector->Matches(labels);
}

// Highest priority, then the oldest; a policy that is not there yet is the youngest.
bool Before(const CachePolicy& a, const CachePolicy& b) {
  if (a.spec.priority != b.spec.priority) return a.spec.priority > b.spec.priority;
  const Timestamp never = Timestamp::max();
  return a.metadata.creation_timestamp.value_or(never) < b.metadata.creation_timestamp.value_or(never);
}

// nullptr: the new one governs the node.
const CachePolicy* Winner(const PlanInput& input, const Labels& labels) {
  for (const CachePolicy& other : input.policies) {
    if (other.metadata.name != input.policy.metadata.name && Selects(other, labels) && Before(other, input.policy))
      return &other;
  }
  return nullptr;
}

using Sizes = std::map<std::string, uint64_t>;  // by manifest

Sizes SizesOf(const std::vector<ModelCache>& caches) {
  Sizes sizes;
  for (const ModelCache& cache : caches) {
    const RevisionStatus& revision = cache.status.revision;
    sizes[revision.current.manifest] = revision.current.bytes;
    if (revision.next) sizes[revision.next->manifest] = revision.next->bytes;
    for (const RevisionRecord& old : revision.previous) sizes[old.manifest] = old.bytes;
  }
  return sizes;
}

uint64_t BytesHere(const CacheNode& node, const CacheEntry& entry) {
  for (const CacheEntryStatus& status : node.status.caches) {
    if (status.cache == entry.cache && status.manifest == entry.manifest) return status.bytes;
  }
  return 0;
}

bool IsMounted(const PlanNode& at, const CacheEntry& entry) {
  return BytesHere(at.node, entry) > 0 &&
         std::any_of(at.mounted.begin(), at.mounted.end(), [&](const MountedCache& one) {
           return one.cache == entry.cache && (one.manifest.empty() || one.manifest == entry.manifest);
         });
}

// As the operator and the node would do it: what is wanted is admitted by priority; what is mounted stays in any case;
// what is left is for copies on demand, by priority.
class NodePlanner {
 public:
  NodePlanner(const PlanNode& at, uint64_t quota, const Sizes& sizes)
      : at_(at), sizes_(sizes), left_(quota), entries_(at.node.spec.caches.begin(), at.node.spec.caches.end()) {
    std::stable_sort(entries_.begin(), entries_.end(),
                     [](const CacheEntry& a, const CacheEntry& b) { return a.priority > b.priority; });
    planned_ = {.node = at.node.metadata.name, .quota = quota, .used = at.node.status.disk.used_bytes};
  }

  PlannedNode Plan() {
    for (const CacheEntry& entry : entries_) {
      if (entry.pinned) Admit(entry);
    }
    for (const CacheEntry& entry : entries_) {
      if (!IsAdmitted(entry) && IsMounted(at_, entry)) Keep(entry, "mounted", "mounted");
    }
    for (const CacheEntry& entry : entries_) {
      if (!entry.pinned && !IsMounted(at_, entry) && BytesHere(at_.node, entry) > 0) KeepOrEvict(entry);
    }
    return std::move(planned_);
  }

 private:
  void Admit(const CacheEntry& entry) {
    if (BytesOf(entry) <= left_) return Keep(entry, "wanted", std::to_string(entry.priority));
    planned_.not_admitted.push_back(Lost(entry));
  }
  void KeepOrEvict(const CacheEntry& entry) {
    if (BytesOf(entry) <= left_) return Keep(entry, "on demand", std::to_string(entry.priority));
    planned_.evicted.push_back(Lost(entry));
  }

  bool IsAdmitted(const CacheEntry& entry) const {
    return std::any_of(planned_.stays.begin(), planned_.stays.end(), [&](const PlannedCache& one) {
      return one.cache == entry.cache && one.manifest == entry.manifest;
    });
  }
  uint64_t BytesOf(const CacheEntry& entry) const {
    const auto size = sizes_.find(entry.manifest);
    return size == sizes_.end() ? BytesHere(at_.node, entry) : size->second;
  }
  PlannedCache Planned(const CacheEntry& entry, std::string why) const {
    return {entry.cache, entry.manifest, BytesOf(entry), entry.priority, std::move(why)};
  }
  // Mounted is what it is although there may be no room.
  void Keep(const CacheEntry& entry, const char* why, const std::string& claim) {
    left_ -= std::min(left_, BytesOf(entry));
    before_.push_back(StrCat(entry.cache, "(", claim, ")"));
    planned_.stays.push_back(Planned(entry, why));
  }
  // "needs 131 GiB, 40.0 GiB left after llama(1000), qwen(mounted)"
  PlannedCache Lost(const CacheEntry& entry) const {
    return Planned(entry, StrCat("needs ", FormatBytes(BytesOf(entry)), ", ", FormatBytes(left_), " left",
                                 before_.empty() ? "" : " after ", Join(before_, ", ")));
  }

  const PlanNode& at_;
  const Sizes& sizes_;
  uint64_t left_;
  std::vector<CacheEntry> entries_;
  std::vector<std::string> before_;
  PlannedNode planned_;
};

PlannedNode PlanOf(const PlanNode& at, uint64_t quota, const Sizes& sizes) {
  if (quota > 0) return NodePlanner(at, quota, sizes).Plan();
  return {.node = at.node.metadata.name, .used = at.node.status.disk.used_bytes};
}

std::string Lines(const char* what, const std::vector<PlannedCache>& caches) {
  std::string text;
  for (const PlannedCache& cache : caches) text += StrCat("  ", what, cache.cache, ": ", cache.why, "\n");
  return text;
}

// "  stays: qwen (wanted), llama (mounted)"
std::string StaysLine(const std::vector<PlannedCache>& stays) {
  std::vector<std::string> named;
  for (const PlannedCache& cache : stays) named.push_back(StrCat(cache.cache, " (", cache.why, ")"));
  return named.empty() ? "" : StrCat("  stays: ", Join(named, ", "), "\n");
}

template <typename T>
Status ReadAll(KubeClient& client, const KubeResource& resource, Result<T> (*read)(const Json&), std::vector<T>& into,
               const CallLimits& limits) {
  ASSIGN_OR_RETURN(const ListPage page, ListAll(client, resource, {}, limits));
  for (const Json& object : page.items) {
    ASSIGN_OR_RETURN(T value, read(object));
    into.push_back(std::move(value));
  }
  return OkStatus();
}

nlohmann::ordered_json JsonOf(const std::vector<PlannedCache>& caches) {
  nlohmann::ordered_json list = nlohmann::ordered_json::array();
  for (const PlannedCache& c : caches)
    list.push_back(
        {{"cache", c.cache}, {"manifest", c.manifest}, {"bytes", c.bytes}, {"priority", c.priority}, {"why", c.why}});
  return list;
}

}  // namespace

Result<CachePolicy> ReadPolicy(std::string_view text, const std::string& file) {
  ASSIGN_OR_RETURN(const std::vector<YamlValue> documents, ParseYaml(text, file));
  if (documents.size() != 1)
    return InvalidArgument(StrCat(file, ": has ", documents.size(), " documents; a plan is of one CachePolicy"));
  YamlReader yaml(documents.front(), file);
  ReadKind(yaml, {"CachePolicy"});
  if (!yaml.ok()) return yaml.status();
  CachePolicy policy;
  FieldReader io(yaml);
  Fields(io, policy);
  RETURN_IF_ERROR(yaml.Finish());
  return policy;
}

Result<PlanInput> LookForPlan(KubeClient& client, CachePolicy policy, const CallLimits& limits) {
  PlanInput input{.policy = std::move(policy)};
  Result<MountsByNode> mounts = LookAtMounts(client, limits);
  input.knows_mounts = mounts.status().code() != StatusCode::kPermissionDenied;
  if (!mounts.ok() && input.knows_mounts) return mounts.status();
  RETURN_IF_ERROR(ReadAll(client, kCachePolicies, CachePolicyFromJson, input.policies, limits));
  RETURN_IF_ERROR(ReadAll(client, kClusterModelCaches, ModelCacheFromJson, input.caches, limits));
  RETURN_IF_ERROR(ReadAll(client, kModelCaches, ModelCacheFromJson, input.caches, limits));
  std::vector<CacheNode> nodes;
  RETURN_IF_ERROR(ReadAll(client, kCacheNodes, CacheNodeFromJson, nodes, limits));
  for (CacheNode& node : nodes) {
    const Result<Json> object = client.Get(kNodes, {"", node.metadata.name}, limits);
    if (!object.ok()) continue;  // it is going away
    Labels labels;
    for (const auto& [key, value] : ChildAt(*object, "/metadata/labels").items())
      labels[key] = value.get<std::string>();
    PlanNode& at = input.nodes.emplace_back(PlanNode{.node = std::move(node), .labels = std::move(labels)});
    if (mounts.ok()) at.mounted = (*mounts)[at.node.metadata.name];
  }
  return input;
}

PolicyPlan PlanPolicy(const PlanInput& input) {
  PolicyPlan plan{.policy = input.policy.metadata.name, .knows_mounts = input.knows_mounts};
  const Sizes sizes = SizesOf(input.caches);
  for (const PlanNode& at : input.nodes) {
    if (!Selects(input.policy, at.labels)) continue;
    if (const CachePolicy* other = Winner(input, at.labels)) {
      plan.others.push_back(
          StrCat(at.node.metadata.name, " (", other->metadata.name, ", priority ", other->spec.priority, ")"));
    } else {
      plan.nodes.push_back(PlanOf(at, input.policy.spec.disk.quota.value_or(0), sizes));
    }
  }
  return plan;
}

std::string Text(const PolicyPlan& plan) {
  std::string text = StrCat("policy ", plan.policy, " would govern ", plan.nodes.size(), " nodes",
                            plan.others.empty() ? "" : StrCat(", not ", Join(plan.others, ", ")), "\n");
  uint64_t lost = 0;
  for (const PlannedNode& node : plan.nodes) {
    lost += node.evicted.size() + node.not_admitted.size();
    text += StrCat(node.node, ": quota ", node.quota == 0 ? "none" : FormatBytes(node.quota), ", ",
                   FormatBytes(node.used), " used\n", Lines("not admitted: ", node.not_admitted),
                   Lines("evicted: ", node.evicted), StaysLine(node.stays));
  }
  if (!plan.knows_mounts) text += "what pods have mounted stays, too; you may not list pods, so it is not known here\n";
  return lost > 0 ? text : text + "nothing would be evicted, and every cache admitted\n";
}

std::string JsonText(const PolicyPlan& plan) {
  nlohmann::ordered_json nodes = nlohmann::ordered_json::array();
  for (const PlannedNode& n : plan.nodes)
    nodes.push_back({{"node", n.node},
                     {"quota", n.quota},
                     {"used", n.used},
                     {"not_admitted", JsonOf(n.not_admitted)},
                     {"evicted", JsonOf(n.evicted)},
                     {"stays", JsonOf(n.stays)}});
  return nlohmann::ordered_json{{"policy", plan.policy}, {"nodes", nodes}, {"governed_by_others", plan.others}}.dump() +
         "\n";
}

}  // namespace ballast::cli
