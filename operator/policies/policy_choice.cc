#include "operator/policies/policy_choice.h"

#include <algorithm>
#include <iterator>

#include "api/policy_rules.h"

namespace ballast::controller {
namespace {

void Choose(const Policies& ordered, const NodeFacts& node, PolicyChoice& choice) {
  std::shared_ptr<const CachePolicy> first;
  for (const auto& policy : ordered) {
    if (first != nullptr && policy->spec.priority < first->spec.priority) break;
    if (!SelectsNode(*policy, node.labels)) continue;
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

// A tenant of more namespaces than a list can have is several, one after the other: which tenant a namespace belongs to
// stays as the policy says it, and each of them has the whole quota. Beyond the last that fits there are no tenants,
// who may name no sources.
std::vector<NodeTenant> FitLists(const std::vector<NodeTenant>& tenants) {
  std::vector<NodeTenant> fitting;
  for (const NodeTenant& tenant : tenants) {
    const auto& names = tenant.namespaces;
    size_t from = 0;
    do {
      NodeTenant& part = fitting.emplace_back(NodeTenant{{}, tenant.quota_bytes, tenant.sources});
      const size_t to = std::min(from + kMaxNamespaces, names.size());
      std::copy(names.data() + from, names.data() + to, std::back_inserter(part.namespaces));
      from = to;
    } while (from < names.size());
  }
  if (fitting.size() > kMaxTenants) fitting.resize(kMaxTenants);
  return fitting;
}

}  // namespace

PolicyChoice ChoosePolicies(const Policies& policies, const Nodes& nodes) {
  Policies ordered = policies;
  std::sort(ordered.begin(), ordered.end(), [](const auto& a, const auto& b) { return GoesBefore(*a, *b); });
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
  NodePolicy resolved = ballast::ResolvePolicy(
      *policy, [&](const LabelSelector& selector) { return SelectNamespaces(selector, namespaces); });
  resolved.tenants = FitLists(resolved.tenants);
  return resolved;
}

}  // namespace ballast::controller
