#include "daemon/policy_guard.h"

#include <nlohmann/json.hpp>
#include <tuple>
#include <utility>

#include "api/policy_rules.h"
#include "core/digest.h"

namespace ballast {
namespace {

auto WhatStaysBy(const NodePolicy& policy) {
  return std::tie(policy.quota_bytes, policy.high_threshold_percent, policy.low_threshold_percent,
                  policy.min_available_bytes, policy.unused_for, policy.tenants);
}

NodePolicy Held(const NodePolicy& before, NodePolicy wanted) {
  wanted.name = before.name;
  wanted.quota_bytes = before.quota_bytes;
  wanted.high_threshold_percent = before.high_threshold_percent;
  wanted.low_threshold_percent = before.low_threshold_percent;
  wanted.min_available_bytes = before.min_available_bytes;
  wanted.unused_for = before.unused_for;
  wanted.tenants = before.tenants;
  return wanted;
}

}  // namespace

bool ChangesWhatStays(const NodePolicy& a, const NodePolicy& b) { return WhatStaysBy(a) != WhatStaysBy(b); }

GuardedPolicy NextPolicy(const GuardedPolicy& before, const NodePolicy& wanted, const WouldEvict& would, bool confirmed,
                         SteadyTime now) {
  const bool large = ChangesWhatStays(before.in_effect, wanted) && would.bytes > would.used_bytes / 2;
  const SteadyTime begins = before.waiting == wanted ? before.begins : now + kLargeEvictionWaits;
  if (!large || confirmed || now >= begins) return {.in_effect = wanted, .waiting = std::nullopt};
  return {.in_effect = Held(before.in_effect, wanted), .waiting = wanted, .begins = begins};
}

std::string ConfirmationOf(const CachePolicy& policy) {
  constexpr size_t kEnough = 8;
  return Digest::Of(ToJson(policy)["spec"].dump()).Hex().substr(0, kEnough);
}

bool IsConfirmed(const CachePolicy& policy) {
  const auto confirmed = policy.metadata.annotations.find(kConfirmAnnotation);
  return confirmed != policy.metadata.annotations.end() && confirmed->second == ConfirmationOf(policy);
}

}  // namespace ballast
