#include "swarm/hold_plan.h"

#include <algorithm>
#include <utility>

namespace ballast {

void HoldPlan::Add(const Digest& model, std::vector<std::string> candidates) {
  models_[model].candidates = std::move(candidates);
}

bool HoldPlan::IsCandidate(const Model& model, const std::string& node) {
  return std::find(model.candidates.begin(), model.candidates.end(), node) != model.candidates.end();
}

HoldPlan::Round HoldPlan::Next() {
  Round round;
  for (auto& [digest, model] : models_) {
    size_t sent = 0;
    for (const std::string& node : std::exchange(model.extra, {})) {
      if (failed_.contains(node) || !model.asked.insert(node).second) continue;
      round[node].push_back(digest);
      if (IsCandidate(model, node)) ++sent;
    }
    while (model.told + sent < kToldOf && model.next < model.candidates.size()) {
      const std::string& node = model.candidates[model.next++];
      if (failed_.contains(node) || !model.asked.insert(node).second) continue;
      round[node].push_back(digest);
      ++sent;
    }
  }
  return round;
}

// A coordinator far behind in the order counts for no one of the first.
void HoldPlan::OnTold(const std::string& node, const std::vector<Digest>& models) {
  for (const Digest& digest : models) {
    Model& model = models_[digest];
    if (IsCandidate(model, node)) ++model.told;
  }
}

void HoldPlan::OnFailed(const std::string& node) { failed_.insert(node); }

void HoldPlan::OnElsewhere(const Digest& model, const std::string& node) {
  if (const auto at = models_.find(model); at != models_.end()) at->second.extra.push_back(node);
}

}  // namespace ballast
