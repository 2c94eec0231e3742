#include "swarm/coordinator_choice.h"

#include <algorithm>
#include <utility>

#include "base/check.h"

namespace ballast {

bool CoordinatorChoice::IsMember(const std::string& node) const {
  return std::find(order_.begin(), order_.end(), node) != order_.end();
}

bool CoordinatorChoice::IsAway(const std::string& node, SteadyTime now) const {
  const auto away = away_.find(node);
  return away != away_.end() && away->second > now;
}

void CoordinatorChoice::SetOrder(std::vector<std::string> order) {
  for (const std::string& node : order) {
    if (!IsMember(node)) away_.erase(node);  // it is new: whatever was wrong with it before
  }
  order_ = std::move(order);
  BALLAST_CHECK(IsMember(self_)) << self_ << " must be a member to itself";
  if (phase_ != Phase::kNone && !IsMember(current_)) phase_ = Phase::kNone;
}

void CoordinatorChoice::OnHeard(SteadyTime now) {
  heard_ = now;
  asked_.reset();
}

void CoordinatorChoice::OnWelcome() {
  if (phase_ == Phase::kNone) return;
  phase_ = Phase::kWelcome;
  redirects_ = 0;
  away_.erase(current_);
}

// Self is asked again after a moment: there is nobody behind it.
void CoordinatorChoice::GiveUp(SteadyTime now) {
  phase_ = Phase::kNone;
  away_[current_] = now + (current_ == self_ ? policy_.call_self_again : policy_.away);
}

void CoordinatorChoice::OnRedirect(const std::string& node, SteadyTime now) {
  if (phase_ == Phase::kNone) return;
  phase_ = Phase::kNone;
  if (node == current_) {
    wanted_ = node;
    return;
  }
  if (++redirects_ > policy_.max_redirects) {
    GiveUp(now);
    return;
  }
  if (!IsMember(node)) away_[node] = now + policy_.away;  // as this node sees it: the next Hello says so
  wanted_ = IsAway(node, now) ? current_ : node;
}

void CoordinatorChoice::OnBroken(SteadyTime now) {
  if (phase_ != Phase::kNone) GiveUp(now);
}

void CoordinatorChoice::OnAsked(SteadyTime now) {
  if (asked_) return;
  asked_ = now;
  ++asks_;
}

void CoordinatorChoice::OnSent(SteadyTime now) {
  if (phase_ == Phase::kCalled) called_ = now;
}

SteadyTime CoordinatorChoice::AskAt(bool starving) const {
  if (!starving) return heard_ + policy_.ping_quiet;
  return heard_ + std::min(policy_.ping_quiet, policy_.ping_starving * (1 << std::min(asks_, 8)));
}

CoordinatorChoice::Step CoordinatorChoice::CallNow(const std::string& node, SteadyTime now) {
  std::erase_if(away_, [now](const auto& entry) { return entry.second <= now; });
  Call call{.node = node, .unreachable = {}, .redirects = redirects_};
  for (const auto& [name, until] : away_) {
    if (name != node) call.unreachable.push_back(name);
  }
  current_ = node;
  phase_ = Phase::kCalled;
  called_ = heard_ = now;
  asked_.reset();
  return {.call = std::move(call), .ask = false, .next = now + policy_.call_timeout};
}

CoordinatorChoice::Step CoordinatorChoice::CallFirst(SteadyTime now) {
  if (const auto wanted = std::exchange(wanted_, std::nullopt); wanted && IsMember(*wanted))
    return CallNow(*wanted, now);
  const auto first =
      std::find_if(order_.begin(), order_.end(), [&](const std::string& node) { return !IsAway(node, now); });
  if (first != order_.end()) return CallNow(*first, now);
  return {.call = std::nullopt, .ask = false, .next = away_.at(self_)};
}

CoordinatorChoice::Step CoordinatorChoice::Next(bool starving, SteadyTime now) {
  if (!starving) asks_ = 0;
  if (phase_ == Phase::kCalled && now >= called_ + policy_.call_timeout) GiveUp(now);
  if (asked_ && phase_ == Phase::kWelcome && now >= *asked_ + policy_.ping_timeout) GiveUp(now);
  if (phase_ == Phase::kNone) return CallFirst(now);
  if (phase_ == Phase::kCalled) return {.call = std::nullopt, .ask = false, .next = called_ + policy_.call_timeout};
  if (asked_) return {.call = std::nullopt, .ask = false, .next = *asked_ + policy_.ping_timeout};
  if (now >= AskAt(starving)) return {.call = std::nullopt, .ask = true, .next = now + policy_.ping_timeout};
  return {.call = std::nullopt, .ask = false, .next = AskAt(starving)};
}

}  // namespace ballast
