#include "operator/policies/policy_choice.h"

#include <algorithm>
#include <tuple>

namespace ballast::controller {
namespace {

bool ComesFirst(const std::shared_ptr<const CachePolicy>& a, const std::shared_ptr<const CachePolicy>& b) {
  const auto key = [](const CachePolicy& policy) {
    return std::tuple(-int64_t{policy.spec.priority}, policy.metadata.creation_timestamp.value_or(Timestamp::max()),
                      std::string_view(policy.metadata.name));
  };
  return key(*a) < key(*b);
}

bool Selects(const CachePolicy& policy, const NodeFacts& node) {
  return !policy.spec.node_selector || policy.spec.node_selector->Matches(node.labels);
}

void Choose(const Policies& ordered, const NodeFacts& node, PolicyChoice& choice) {
  std::shared_ptr<const CachePolicy> first;
  for (const auto& policy : ordered) {
    if (first != nullptr && policy->spec.priority < first->spec.priority) break;
    if (!Selects(*policy, node)) continue;
    if (first == nullptr) {
      first = policy;
      continue;
    }
    choice.conflicts[policy->metadata.name].insert(first->metadata.name);
    choice.conflicts[first->metadata.name].insert(policy->metadata.name);
  }
  if (first == nullptr) return;
  ++choice.nodes[first->metadata.name];
  choice.of_node[node.name] = first;
}

NodeTenant ResolveTenant(const TenantSpec& tenant, const Namespaces& namespaces) {
  return {SelectNamespaces(tenant.namespace_selector, namespaces), tenant.quota_per_node.value_or(0), tenant.sources};
}

}  // namespace

PolicyChoice ChoosePolicies(const Policies& policies, const Nodes& nodes) {
  Policies ordered = policies;
  std::sort(ordered.begin(), ordered.end(), ComesFirst);
  PolicyChoice choice;
  for (const auto& node : nodes) Choose(ordered, *node, choice);
  return choice;
}

std::vector<std::string> SelectNamespaces(const LabelSelector& selector, const Namespaces& namespaces) {
  if (selector == LabelSelector{}) return {"*"};
  std::vector<std::string> names;
  for (const auto& one : namespaces) {
    if (selector.Matches(one->labels)) names.push_back(one->name);
  }
  std::sort(names.begin(), names.end());
  return names;
}

NodePolicy ResolvePolicy(const CachePolicy* policy, const Namespaces& namespaces) {
  if (policy == nullptr) return {};
  const CachePolicySpec& spec = policy->spec;
  NodePolicy resolved{.name = policy->metadata.name,
                      .quota_bytes = spec.disk.quota.value_or(0),
                      .high_threshold_percent = spec.disk.high_threshold_percent,
                      .low_threshold_percent = spec.disk.low_threshold_percent,
                      .min_available_bytes = spec.disk.min_available.value_or(0),
                      .eviction_interval = spec.eviction.interval,
                      .unused_for = spec.eviction.unused_for,
                      .upload = spec.limits.upload.value_or(0),
                      .download = spec.limits.download.value_or(0),
                      .origin = spec.limits.origin.value_or(0),
                      .prewarm = spec.limits.prewarm.value_or(0)};
  for (const TenantSpec& tenant : spec.tenants) resolved.tenants.push_back(ResolveTenant(tenant, namespaces));
  return resolved;
}

}  // namespace ballast::controller
