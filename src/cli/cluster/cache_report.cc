#include "cli/cluster/cache_report.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <optional>

#include "api/cache_node_fields.h"
#include "base/strings.h"
#include "cli/cluster/cache_facts.h"
#include "cli/cluster/resources.h"
#include "cli/cluster/table.h"

namespace ballast::cli {
namespace {

std::string IdOf(const ModelCache& cache) {
  return ObjectName{cache.metadata.object_namespace, cache.metadata.name}.ToString();
}

std::string Or(const std::string& text, const char* otherwise) { return text.empty() ? otherwise : text; }

// The statement that a person has to act on, if there is one.
std::string StateOf(const ModelCache& cache) {
  for (const ConditionType type : {ConditionType::kSecretNotReadable, ConditionType::kQuotaExceeded,
                                   ConditionType::kDegraded, ConditionType::kSourceDrifted}) {
    const Condition* condition = FindCondition(cache.status.conditions, type);
    if (condition != nullptr && condition->status == ConditionStatus::kTrue) return condition->reason;
  }
  const Condition* ready = FindCondition(cache.status.conditions, ConditionType::kReady);
  return ready == nullptr ? "" : ready->reason;
}

std::string AllText(const CacheReport& report) {
  if (report.caches.empty()) return "no ModelCache and no ClusterModelCache; docs/README.md shows the first one\n";
  std::vector<std::vector<std::string>> rows = {{"CACHE", "SOURCE", "REVISION", "SIZE", "READY", "PROGRESS", "STATE"}};
  for (const ModelCache& cache : report.caches) {
    const ModelCacheSummary& summary = cache.status.summary;
    rows.push_back({IdOf(cache), cache.spec.source.uri.ToString(), Or(summary.revision, "-"), Or(summary.size, "-"),
                    Or(summary.ready, "-"), Or(summary.progress, "-"), StateOf(cache)});
  }
  return TableText(rows);
}

struct NodeLine {
  std::string node;
  std::string phase;
  std::string manifest;
  std::string source;
  std::optional<uint64_t> bytes;  // of it on the node; nullopt: no object says
  uint64_t total = 0;             // 0 = not known
  std::string problem;
};

std::string ProblemOf(const CacheEntryStatus& status) {
  if (status.reason.empty()) return status.message;
  return StrCat(status.reason, status.message.empty() ? "" : ": ", status.message);
}

// status.bytes is the size of the revision, except where it failed: then it is what of it is on the disk.
void Fill(const CacheEntryStatus& status, NodeLine& line) {
  line.phase = NameOf(kCachePhases, status.phase);
  line.problem = ProblemOf(status);
  if (status.phase == CachePhase::kFailed) {
    line.bytes = status.bytes;
    return;
  }
  if (line.total == 0) line.total = status.bytes;
  if (status.phase == CachePhase::kReady) line.bytes = line.total;
}

NodeLine LineOf(const CacheNode& node, const CacheEntry& entry, const ModelCache& cache) {
  NodeLine line{.node = node.metadata.name,
                .phase = std::string(NameOf(kCachePhases, CachePhase::kWaiting)),
                .manifest = entry.manifest,
                .source = entry.source,
                .total = SizeOf(cache, entry.manifest)};
  for (const CacheEntryStatus& status : node.status.caches) {
    if (status.cache == entry.cache && status.manifest == entry.manifest) Fill(status, line);
  }
  return line;
}

std::vector<NodeLine> LinesOf(const CacheReport& report, const ModelCache& cache) {
  std::vector<NodeLine> lines;
  for (const CacheNode& node : report.nodes) {
    for (const CacheEntry& entry : node.spec.caches) {
      if (entry.cache == report.only) lines.push_back(LineOf(node, entry, cache));
    }
    for (const CacheRefusal& refusal : node.spec.refused) {
      if (refusal.cache == report.only)
        lines.push_back(
            {.node = node.metadata.name, .phase = "Refused", .problem = StrCat(refusal.reason, ": ", refusal.message)});
    }
  }
  return lines;
}

std::string BytesText(const NodeLine& line) { return line.bytes ? FormatBytes(*line.bytes) : "-"; }

std::string PercentText(const NodeLine& line) {
  if (!line.bytes || line.total == 0) return "-";
  return StrCat(static_cast<int>(static_cast<double>(*line.bytes) * 100 / static_cast<double>(line.total)), "%");
}

// A line, or none.
std::string TogetherLine(const ModelCache& cache) {
  const std::string text = TogetherText(cache);
  return text.empty() ? "" : text + "\n";
}

std::string ConditionsText(const ModelCache& cache) {
  std::string text;
  for (const Condition& condition : cache.status.conditions) {
    text += StrCat("  ", condition.type, " ", NameOf(kConditionStatuses, condition.status), ", ", condition.reason,
                   condition.message.empty() ? "" : ": ", condition.message, "\n");
  }
  return text;
}

std::string OneText(const CacheReport& report, const ModelCache& cache) {
  std::string text = StrCat(IdOf(cache), ": ", cache.spec.source.uri.ToString(), "@",
                            Or(cache.status.revision.current.commit, "(not resolved yet)"), ", ",
                            Or(cache.status.summary.size, "size not known"), ", on ", cache.status.nodes.ready, " of ",
                            cache.status.nodes.desired, " nodes\n", TogetherLine(cache), ConditionsText(cache));
  std::vector<std::vector<std::string>> rows = {{"NODE", "PHASE", "BYTES", "%", "SOURCE", "ERROR"}};
  for (const NodeLine& line : LinesOf(report, cache)) {
    rows.push_back({line.node, line.phase, BytesText(line), PercentText(line), Or(line.source, "-"), line.problem});
  }
  return rows.size() == 1 ? text + "no node has it\n" : text + TableText(rows);
}

nlohmann::ordered_json JsonOf(const NodeLine& line) {
  nlohmann::ordered_json bytes = nullptr;
  if (line.bytes) bytes = *line.bytes;
  return {{"node", line.node}, {"phase", line.phase}, {"manifest", line.manifest}, {"source", line.source},
          {"bytes", bytes},    {"total", line.total}, {"error", line.problem}};
}

nlohmann::ordered_json JsonOf(const CacheReport& report, const ModelCache& cache) {
  const ModelCacheStatus& status = cache.status;
  nlohmann::ordered_json nodes = nlohmann::ordered_json::array();
  if (!report.only.empty()) {
    for (const NodeLine& line : LinesOf(report, cache)) nodes.push_back(JsonOf(line));
  }
  nlohmann::ordered_json done_about = nullptr;
  if (status.progress.estimated_completion_time)
    done_about = FormatTimestamp(*status.progress.estimated_completion_time);
  return {{"cache", IdOf(cache)},
          {"source", cache.spec.source.uri.ToString()},
          {"commit", status.revision.current.commit},
          {"bytes", status.revision.current.bytes},
          {"desired", status.nodes.desired},
          {"ready", status.nodes.ready},
          {"percent", status.progress.percent},
          {"bytes_per_second", status.progress.bytes_per_second},
          {"done_about", done_about},
          {"state", StateOf(cache)},
          {"nodes", nodes}};
}

const ModelCache& Only(const CacheReport& report) {
  return *std::find_if(report.caches.begin(), report.caches.end(),
                       [&](const ModelCache& cache) { return IdOf(cache) == report.only; });
}

template <typename T>
Status Read(KubeClient& client, const KubeResource& resource, Result<T> (*read)(const Json&), std::vector<T>& into,
            const CallLimits& limits) {
  ASSIGN_OR_RETURN(const ListPage page, ListAll(client, resource, {}, limits));
  for (const Json& object : page.items) {
    ASSIGN_OR_RETURN(T value, read(object));
    into.push_back(std::move(value));
  }
  return OkStatus();
}

}  // namespace

Result<CacheReport> LookAtCaches(KubeClient& client, const std::string& only, const CallLimits& limits) {
  CacheReport report{.only = only};
  RETURN_IF_ERROR(Read(client, kClusterModelCaches, ModelCacheFromJson, report.caches, limits));
  RETURN_IF_ERROR(Read(client, kModelCaches, ModelCacheFromJson, report.caches, limits));
  if (only.empty()) return report;
  std::vector<std::string> names;
  for (const ModelCache& cache : report.caches) names.push_back(IdOf(cache));
  if (std::find(names.begin(), names.end(), only) == names.end())
    return NotFound(StrCat("no cache ", Quoted(only), DidYouMean(only, {names.begin(), names.end()})));
  RETURN_IF_ERROR(Read(client, kCacheNodes, CacheNodeFromJson, report.nodes, limits));
  return report;
}

std::string Text(const CacheReport& report) {
  return report.only.empty() ? AllText(report) : OneText(report, Only(report));
}

std::string JsonText(const CacheReport& report) {
  nlohmann::ordered_json caches = nlohmann::ordered_json::array();
  for (const ModelCache& cache : report.caches) {
    if (report.only.empty() || IdOf(cache) == report.only) caches.push_back(JsonOf(report, cache));
  }
  return nlohmann::ordered_json{{"caches", caches}}.dump() + "\n";
}

}  // namespace ballast::cli
