#include "api/label_selector.h"

#include <algorithm>

namespace ballast {
namespace {

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

}  // namespace ballast
