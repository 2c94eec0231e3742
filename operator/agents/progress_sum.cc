#include "operator/agents/progress_sum.h"

#include <algorithm>
#include <cmath>
#include <set>
#include <string_view>

namespace ballast::controller {
namespace {

constexpr char kReady[] = "Ready";

bool IsUnderWay(const CacheNode& node) {
  std::map<std::pair<std::string_view, std::string_view>, CachePhase> phases;
  for (const CacheEntryStatus& status : node.status.caches) phases[{status.cache, status.manifest}] = status.phase;
  return std::any_of(node.spec.caches.begin(), node.spec.caches.end(), [&](const CacheEntry& entry) {
    const auto found = phases.find({entry.cache, entry.manifest});
    const CachePhase phase = found == phases.end() ? CachePhase::kWaiting : found->second;
    return entry.pinned && phase != CachePhase::kReady && phase != CachePhase::kFailed;
  });
}

uint64_t Scaled(uint64_t value, double weight) {
  return static_cast<uint64_t>(std::llround(static_cast<double>(value) * weight));
}

}  // namespace

AgentChoice ChooseAgents(const std::vector<std::shared_ptr<const CacheNode>>& nodes,
                         const std::map<std::string, AgentEndpoint>& agents, bool all) {
  std::vector<AgentEndpoint> candidates;
  for (const auto& node : nodes) {
    const auto agent = agents.find(node->metadata.name);
    if (agent == agents.end() || !(all ? !node->spec.caches.empty() : IsUnderWay(*node))) continue;
    candidates.push_back(agent->second);
  }
  if (candidates.size() <= kMaxAsked) return {std::move(candidates)};
  AgentChoice choice{.weight = static_cast<double>(candidates.size()) / static_cast<double>(kMaxAsked)};
  for (size_t i = 0; i < kMaxAsked; ++i) choice.agents.push_back(candidates[i * candidates.size() / kMaxAsked]);
  return choice;
}

std::map<std::string, CacheProgress> SumProgress(const std::vector<std::vector<EntryProgress>>& answers,
                                                 double weight) {
  std::map<std::string, CacheProgress> sums;
  for (const auto& answer : answers) {
    for (const EntryProgress& entry : answer) {
      CacheProgress& sum = sums[entry.cache];
      sum.mounts += static_cast<int32_t>(entry.mounts);
      if (entry.phase == kReady) continue;
      sum.bytes_done += entry.bytes_done;
      sum.bytes_per_second += entry.bytes_per_second;
    }
  }
  for (auto& [cache, sum] : sums) {
    sum.bytes_done = Scaled(sum.bytes_done, weight);
    sum.bytes_per_second = Scaled(sum.bytes_per_second, weight);
    sum.mounts = static_cast<int32_t>(Scaled(static_cast<uint64_t>(sum.mounts), weight));
    sum.sampled = weight > 1;
  }
  return sums;
}

void AddUnlisted(const std::vector<std::string>& caches, const std::vector<std::shared_ptr<const CacheNode>>& nodes,
                 std::map<std::string, CacheProgress>& heard) {
  std::set<std::string_view> listed;
  for (const auto& node : nodes) {
    for (const CacheEntry& entry : node->spec.caches) listed.insert(entry.cache);
  }
  for (const std::string& cache : caches) {
    if (!listed.contains(cache)) heard.try_emplace(cache);
  }
}

std::map<std::string, CacheProgress> JoinProgress(std::map<std::string, CacheProgress> downloads,
                                                  const std::map<std::string, CacheProgress>& mounts) {
  for (auto& [cache, progress] : downloads) progress.mounts = 0;
  for (const auto& [cache, heard] : mounts) downloads[cache].mounts = heard.mounts;
  return downloads;
}

}  // namespace ballast::controller
