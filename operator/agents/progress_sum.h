// Whom to ask how far their downloads are, and what the answers say of each cache. Pure.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "api/cache_node.h"
#include "operator/agents/agent_progress.h"

namespace ballast::controller {

inline constexpr size_t kMaxAsked = 500;  // of a larger number every n-th is asked, and stands for the others

struct AgentChoice {
  std::vector<AgentEndpoint> agents;
  double weight = 1;  // how many agents each of them stands for

  bool is_sample() const { return weight > 1; }
};

// The agents whose CacheNode has pinned entries that are neither ready nor failed; `all`: all that have any entry.
AgentChoice ChooseAgents(const std::vector<std::shared_ptr<const CacheNode>>& nodes,
                         const std::map<std::string, AgentEndpoint>& agents, bool all);

// By cache. Bytes of what is ready are not counted: CacheNodes say that.
std::map<std::string, CacheProgress> SumProgress(const std::vector<std::vector<EntryProgress>>& answers, double weight);

// A cache that no node lists is mounted nowhere: it is among what was heard, with nothing.
void AddUnlisted(const std::vector<std::string>& caches, const std::vector<std::shared_ptr<const CacheNode>>& nodes,
                 std::map<std::string, CacheProgress>& heard);

// Downloads as heard now, mounts as heard when all were asked; a cache that neither names is left out.
std::map<std::string, CacheProgress> JoinProgress(std::map<std::string, CacheProgress> downloads,
                                                  const std::map<std::string, CacheProgress>& mounts);

}  // namespace ballast::controller
