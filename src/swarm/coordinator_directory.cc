#include "swarm/coordinator_directory.h"

#include "base/strings.h"

namespace ballast {

void CoordinatorDirectory::Claimed(const Digest& model, const std::string& node, SteadyTime now, SteadyTime until) {
  MutexLock lock(mutex_);
  if (claims_.size() >= kMaxKnownCoordinators)
    std::erase_if(claims_, [now](const auto& claim) { return claim.second.until <= now; });
  if (claims_.size() < kMaxKnownCoordinators || claims_.contains(model)) claims_[model] = {node, until};
}

void CoordinatorDirectory::Found(const Digest& model, const std::string& node, SteadyTime until) {
  MutexLock lock(mutex_);
  if (!node.empty()) {
    sessions_[model] = node;
    return;
  }
  const auto session = sessions_.find(model);
  if (session == sessions_.end()) return;
  claims_[model] = {session->second, until};
  sessions_.erase(session);
}

std::string CoordinatorDirectory::CoordinatorOf(const Digest& model, SteadyTime now) const {
  MutexLock lock(mutex_);
  if (const auto session = sessions_.find(model); session != sessions_.end()) return session->second;
  const auto claim = claims_.find(model);
  return claim != claims_.end() && claim->second.until > now ? claim->second.node : "";
}

void CoordinatorDirectory::Lost(const Digest& model) {
  MutexLock lock(mutex_);
  const auto session = sessions_.find(model);
  if (session == sessions_.end()) return;
  if (const auto claim = claims_.find(model); claim != claims_.end() && claim->second.node == session->second)
    claims_.erase(claim);
  sessions_.erase(session);
}

Status CoordinatorDirectory::Holds(const Digest& model, const std::string& node) {
  MutexLock lock(mutex_);
  if (holdings_ >= kMaxHoldings)
    return ResourceExhausted(StrCat("this node keeps ", kMaxHoldings, " holdings of models and no more"));
  if (holders_[model].insert(node).second) ++holdings_;
  return OkStatus();
}

void CoordinatorDirectory::Drops(const Digest& model, const std::string& node) {
  MutexLock lock(mutex_);
  const auto holders = holders_.find(model);
  if (holders == holders_.end()) return;
  holdings_ -= holders->second.erase(node);
  if (holders->second.empty()) holders_.erase(holders);
}

std::vector<Digest> CoordinatorDirectory::Leaves(const std::string& node) {
  MutexLock lock(mutex_);
  std::vector<Digest> held;
  for (auto holders = holders_.begin(); holders != holders_.end();) {
    if (holders->second.erase(node) > 0) {
      --holdings_;
      held.push_back(holders->first);
    }
    holders = holders->second.empty() ? holders_.erase(holders) : std::next(holders);
  }
  return held;
}

std::vector<std::pair<Digest, std::string>> CoordinatorDirectory::KeepOnly(const MemberList& members) {
  MutexLock lock(mutex_);
  std::vector<std::pair<Digest, std::string>> gone;
  for (auto& holders : holders_) {
    std::erase_if(holders.second, [&](const std::string& node) {
      if (members.Find(node) != nullptr) return false;
      gone.emplace_back(holders.first, node);
      return true;
    });
  }
  holdings_ -= gone.size();
  std::erase_if(holders_, [](const auto& holders) { return holders.second.empty(); });
  return gone;
}

std::vector<std::string> CoordinatorDirectory::HoldersOf(const Digest& model) const {
  MutexLock lock(mutex_);
  const auto holders = holders_.find(model);
  if (holders == holders_.end()) return {};
  return {holders->second.begin(), holders->second.end()};
}

bool CoordinatorDirectory::IsHolder(const Digest& model, const std::string& node) const {
  MutexLock lock(mutex_);
  const auto holders = holders_.find(model);
  return holders != holders_.end() && holders->second.contains(node);
}

}  // namespace ballast
