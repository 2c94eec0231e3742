#include "cli/cluster/policy_plan.h"

#include <algorithm>
#include <limits>
#include <map>
#include <nlohmann/json.hpp>
#include <set>

#include "api/cache_policy_fields.h"
#include "api/object_codec.h"
#include "base/strings.h"
#include "cli/cluster/resources.h"
#include "core/eviction.h"

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

constexpr char kOnDemand[] = "on demand";

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

const CacheEntryStatus* StatusOf(const CacheNode& node, const CacheEntry& entry) {
  for (const CacheEntryStatus& status : node.status.caches) {
    if (status.cache == entry.cache && status.manifest == entry.manifest) return &status;
  }
  return nullptr;
}

// All of it: of what is under way the node says the size, and not what is there.
uint64_t BytesHere(const CacheNode& node, const CacheEntry& entry) {
  const CacheEntryStatus* status = StatusOf(node, entry);
  return status == nullptr || status->phase != CachePhase::kReady ? 0 : status->bytes;
}

uint64_t BytesToFree(const DiskSpec& policy, uint64_t quota, const DiskStatus& disk) {
  return ballast::BytesToFree(
      {.quota_bytes = quota,
       .min_available = disk.capacity_bytes == 0 ? 0 : policy.min_available.value_or(0),  // 0: it has not told
       .high_percent = policy.high_threshold_percent,
       .low_percent = policy.low_threshold_percent},
      {.used_bytes = disk.used_bytes, .free_bytes = disk.available_bytes, .total_bytes = disk.capacity_bytes}, 0);
}

uint64_t Above(uint64_t value, uint64_t limit) { return value > limit ? value - limit : 0; }

bool IsMounted(const PlanNode& at, const CacheEntry& entry) {
  const CacheEntryStatus* status = StatusOf(at.node, entry);  // while it comes, too: a volume may be there early
  return status != nullptr && status->bytes > 0 &&
         std::any_of(at.mounted.begin(), at.mounted.end(), [&](const MountedCache& one) {
           return one.cache == entry.cache && (one.manifest.empty() || one.manifest == entry.manifest);
         });
}

// As the operator and the node would do it: what is wanted is admitted by priority; what is mounted stays in any case;
// what is left is for copies on demand, by priority. Then they go until the file system is below its thresholds.
class NodePlanner {
 public:
  NodePlanner(const PlanNode& at, const DiskSpec& policy, const Sizes& sizes)
      : at_(at),
        sizes_(sizes),
        to_free_(BytesToFree(policy, 0, at.node.status.disk)),
        left_(std::numeric_limits<uint64_t>::max()),
        entries_(at.node.spec.caches.begin(), at.node.spec.caches.end()) {
    const uint64_t quota = policy.quota.value_or(0);
    if (quota > 0) left_ = quota;
    std::stable_sort(entries_.begin(), entries_.end(),
                     [](const CacheEntry& a, const CacheEntry& b) { return a.priority > b.priority; });
    planned_ = {.node = at.node.metadata.name,
                .quota = quota,
                .used = at.node.status.disk.used_bytes,
                .refused = at.node.spec.refused};
    FreeUnnamed(BytesToFree(policy, quota, at.node.status.disk));
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
    FreeDisk();
    return std::move(planned_);
  }

 private:
  // What has no place by now goes first; then on-demand copies, the least first.
  void FreeDisk() {
    std::set<std::string_view> stays;
    for (const PlannedCache& cache : planned_.stays) stays.insert(cache.manifest);
    const uint64_t goes = Above(planned_.used, BytesHereOf(stays));
    uint64_t missing = Above(to_free_, goes);
    for (size_t i = planned_.stays.size(); i-- > 0 && missing > 0;) {
      if (planned_.stays[i].why != kOnDemand) continue;
      PlannedCache cache = std::move(planned_.stays[i]);
      planned_.stays.erase(planned_.stays.begin() + static_cast<ptrdiff_t>(i));
      missing = Above(missing, cache.bytes);
      cache.why = StrCat("its file system holds ", FormatBytes(to_free_), " more than the thresholds allow");
      planned_.evicted.push_back(std::move(cache));
    }
    planned_.missing = missing;
  }

  // Before all others.
  void FreeUnnamed(uint64_t to_free) {
    std::set<std::string_view> named;
    for (const CacheEntry& entry : entries_) named.insert(entry.manifest);
    planned_.unnamed = std::min(to_free, Above(planned_.used, BytesHereOf(named)));
  }

  // Each manifest once.
  uint64_t BytesHereOf(std::set<std::string_view> manifests) const {
    uint64_t bytes = 0;
    for (const CacheEntry& entry : entries_) {
      const uint64_t here = BytesHere(at_.node, entry);
      if (here > 0 && manifests.erase(entry.manifest) > 0) bytes += here;
    }
    return bytes;
  }

  void Admit(const CacheEntry& entry) {
    if (BytesOf(entry) <= left_) return Keep(entry, "wanted", std::to_string(entry.priority));
    planned_.not_admitted.push_back(Lost(entry));
  }
  void KeepOrEvict(const CacheEntry& entry) {
    if (BytesOf(entry) <= left_) return Keep(entry, kOnDemand, std::to_string(entry.priority));
    planned_.evicted.push_back(Lost(entry));
  }

  bool IsAdmitted(const CacheEntry& entry) const {
    return std::any_of(planned_.stays.begin(), planned_.stays.end(), [&](const PlannedCache& one) {
      return one.cache == entry.cache && one.manifest == entry.manifest;
    });
  }
  uint64_t BytesOf(const CacheEntry& entry) const {
    const auto size = sizes_.find(entry.manifest);
    if (size != sizes_.end()) return size->second;
    const CacheEntryStatus* status = StatusOf(at_.node, entry);
    return status == nullptr ? 0 : status->bytes;
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
  const uint64_t to_free_;
  uint64_t left_;
  std::vector<CacheEntry> entries_;
  std::vector<std::string> before_;
  PlannedNode planned_;
};

// What of a policy decides over caches, and is not foreseen here.
std::set<std::string> FieldsNotEvaluated(const CachePolicySpec& spec) {
  std::set<std::string> fields;
  const auto add = [&fields](const char* field, bool is_set) {
    if (is_set) fields.insert(field);
  };
  add("eviction.unusedFor", spec.eviction.unused_for.has_value());
  for (const TenantSpec& tenant : spec.tenants) {
    add("tenants[].quotaPerNode", tenant.quota_per_node.has_value());
    add("tenants[].quotaTotal", tenant.quota_total.has_value());
    add("tenants[].maxPriority", tenant.max_priority.has_value());
    add("tenants[].prewarm", tenant.prewarm != Prewarm::kAllowed);
    add("tenants[].sources", !tenant.sources.empty());
  }
  return fields;
}

// What the policy no longer says is a change, too.
std::vector<std::string> NotEvaluated(const PlanInput& input, const std::vector<const PlanNode*>& governed) {
  std::set<std::string> all = FieldsNotEvaluated(input.policy.spec);
  for (const PlanNode* at : governed) {
    for (const CachePolicy& now : input.policies) {
      if (now.metadata.name == at->node.spec.policy.name) all.merge(FieldsNotEvaluated(now.spec));
    }
    if (at->node.status.disk.capacity_bytes == 0)
      all.insert(StrCat("disk thresholds of ", at->node.metadata.name, ", which has not told its disk"));
  }
  return {all.begin(), all.end()};
}

std::string Lines(const char* what, const std::vector<PlannedCache>& caches) {
  std::string text;
  for (const PlannedCache& cache : caches) text += StrCat("  ", what, cache.cache, ": ", cache.why, "\n");
  return text;
}

// "  stays: qwen (wanted), llama (mounted)"
std::string StaysLine(const std::vector<PlannedCache>& stays) {
  std::vector<std::string> named;
  named.reserve(stays.size());
  for (const PlannedCache& cache : stays) named.push_back(StrCat(cache.cache, " (", cache.why, ")"));
  return named.empty() ? "" : StrCat("  stays: ", Join(named, ", "), "\n");
}

std::string RefusedLines(const std::vector<CacheRefusal>& refused) {
  std::string text;
  for (const CacheRefusal& one : refused)
    text +=
        StrCat("  refused today: ", one.cache, ": ", one.reason, one.message.empty() ? "" : ": ", one.message, "\n");
  return text;
}

std::string UnnamedLine(uint64_t bytes) {
  return bytes == 0
             ? ""
             : StrCat("  evicted: up to ", FormatBytes(bytes), " of unfinished downloads and of what no cache names\n");
}

std::string MissingLine(uint64_t missing) {
  if (missing == 0) return "";
  return StrCat("  ", FormatBytes(missing), " more would have to go by its thresholds, and nothing may\n");
}

std::string NodeText(const PlannedNode& node) {
  return StrCat(node.node, ": quota ", node.quota == 0 ? "none" : FormatBytes(node.quota), ", ", FormatBytes(node.used),
                " used\n", RefusedLines(node.refused), Lines("not admitted: ", node.not_admitted),
                Lines("evicted: ", node.evicted), UnnamedLine(node.unnamed), MissingLine(node.missing),
                StaysLine(node.stays));
}

bool ChangesNothing(const PlannedNode& node) {
  return node.refused.empty() && node.not_admitted.empty() && node.evicted.empty() && node.unnamed + node.missing == 0;
}

// The all-clear only where all is known.
std::string Ending(const PolicyPlan& plan) {
  if (!plan.not_evaluated.empty())
    return StrCat("not evaluated, and more may go or not be admitted by it: ", Join(plan.not_evaluated, ", "), "\n");
  const bool clear = !plan.nodes.empty() && std::all_of(plan.nodes.begin(), plan.nodes.end(), ChangesNothing);
  return clear ? "nothing would be evicted, and every cache admitted\n" : "";
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

nlohmann::ordered_json JsonOf(const std::vector<CacheRefusal>& refused) {
  nlohmann::ordered_json list = nlohmann::ordered_json::array();
  for (const CacheRefusal& one : refused)
    list.push_back({{"cache", one.cache}, {"reason", one.reason}, {"message", one.message}});
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
  std::vector<const PlanNode*> governed;
  for (const PlanNode& at : input.nodes) {
    if (!Selects(input.policy, at.labels)) continue;
    if (const CachePolicy* other = Winner(input, at.labels)) {
      plan.others.push_back(
          StrCat(at.node.metadata.name, " (", other->metadata.name, ", priority ", other->spec.priority, ")"));
    } else {
      governed.push_back(&at);
      plan.nodes.push_back(NodePlanner(at, input.policy.spec.disk, sizes).Plan());
    }
  }
  plan.not_evaluated = NotEvaluated(input, governed);
  return plan;
}

std::string Text(const PolicyPlan& plan) {
  std::string text = StrCat("policy ", plan.policy, " would govern ", plan.nodes.size(), " nodes",
                            plan.others.empty() ? "" : StrCat(", not ", Join(plan.others, ", ")), "\n");
  for (const PlannedNode& node : plan.nodes) text += NodeText(node);
  if (!plan.knows_mounts) text += "what pods have mounted stays, too; you may not list pods, so it is not known here\n";
  return text + Ending(plan);
}

std::string JsonText(const PolicyPlan& plan) {
  nlohmann::ordered_json nodes = nlohmann::ordered_json::array();
  for (const PlannedNode& n : plan.nodes)
    nodes.push_back({{"node", n.node},
                     {"quota", n.quota},
                     {"used", n.used},
                     {"not_admitted", JsonOf(n.not_admitted)},
                     {"evicted", JsonOf(n.evicted)},
                     {"stays", JsonOf(n.stays)},
                     {"refused", JsonOf(n.refused)},
                     {"unnamed", n.unnamed},
                     {"missing", n.missing}});
  return nlohmann::ordered_json{{"policy", plan.policy},
                                {"nodes", nodes},
                                {"governed_by_others", plan.others},
                                {"not_evaluated", plan.not_evaluated}}
             .dump() +
         "\n";
}

}  // namespace ballast::cli
