#include "api/label_selector.h"

#include <algorithm>
#include <string_view>

namespace ballast {
namespace {

constexpr std::string_view kNameLabel = "kubernetes.io/metadata.name";

bool Holds(const LabelRequirement& requirement, const Labels& labels) {
  const auto found = labels.find(requirement.key);
  const bool exists = found != labels.end();
  const bool listed = exists && std::find(requirement.values.begin(), requirement.values.end(), found->second) !=
                                    requirement.values.end();
  switch (requirement.op) {
    case LabelOperator::kIn:
      return listed;
    case LabelOperator::kNotIn:
      return !listed;
    case LabelOperator::kExists:
      return exists;
    case LabelOperator::kDoesNotExist:
      return !exists;
  }
  return false;
}

}  // namespace

bool LabelSelector::Matches(const Labels& labels) const {
  const auto has = [&](const auto& wanted) {
    const auto found = labels.find(wanted.first);
    return found != labels.end() && found->second == wanted.second;
  };
  return std::all_of(match_labels.begin(), match_labels.end(), has) &&
         std::all_of(match_expressions.begin(), match_expressions.end(),
                     [&](const LabelRequirement& requirement) { return Holds(requirement, labels); });
}

// One requirement of the name, or nobody.
std::optional<std::vector<std::string>> NamespacesByName(const LabelSelector& selector) {
  const size_t required = selector.match_labels.size() + selector.match_expressions.size();
  if (required == 0) return std::nullopt;
  using Names = std::vector<std::string>;
  if (required > 1) return Names();
  const auto label = selector.match_labels.find(std::string(kNameLabel));
  if (label != selector.match_labels.end()) return Names{label->second};
  if (selector.match_expressions.empty()) return Names();
  const LabelRequirement& requirement = selector.match_expressions.front();
  const bool by_name = requirement.key == kNameLabel && requirement.op == LabelOperator::kIn;
  return by_name ? requirement.values : Names();
}

}  // namespace ballast
