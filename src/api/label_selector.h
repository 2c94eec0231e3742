// Kubernetes' label selector.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "api/field_reader.h"

namespace ballast {

enum class LabelOperator { kIn, kNotIn, kExists, kDoesNotExist };

inline constexpr EnumNames<LabelOperator, 4> kLabelOperators = {{{LabelOperator::kIn, "In"},
                                                                 {LabelOperator::kNotIn, "NotIn"},
                                                                 {LabelOperator::kExists, "Exists"},
                                                                 {LabelOperator::kDoesNotExist, "DoesNotExist"}}};

struct LabelRequirement {
  std::string key;
  LabelOperator op = LabelOperator::kIn;
  std::vector<std::string> values;  // kIn and kNotIn only

  friend bool operator==(const LabelRequirement&, const LabelRequirement&) = default;
};

struct LabelSelector {
  Labels match_labels;
  std::vector<LabelRequirement> match_expressions;

  // Everything that is required holds; nothing required: true. As in Kubernetes, NotIn holds where the label is absent.
  bool Matches(const Labels& labels) const;
  friend bool operator==(const LabelSelector&, const LabelSelector&) = default;
};

// Of the namespaces that it selects; nullopt = all. For where a namespace has its name and no other label: what
// requires others, or more, selects none.
std::optional<std::vector<std::string>> NamespacesByName(const LabelSelector& selector);

template <typename Io>
void Fields(Io& io, LabelRequirement& requirement) {
  io.Require("key");
  io.Field("key", requirement.key);
  io.Require("operator");
  io.Choice("operator", kLabelOperators, requirement.op);
  io.Field("values", requirement.values);
  if constexpr (Io::kReads) {
    const bool needs_values = requirement.op == LabelOperator::kIn || requirement.op == LabelOperator::kNotIn;
    if (io.ok() && needs_values == requirement.values.empty()) {
      const std::string text = needs_values ? "is missing for operator " : "must be left out for operator ";
      io.Fail("values", text + std::string(NameOf(kLabelOperators, requirement.op)));
    }
  }
}

template <typename Io>
void Fields(Io& io, LabelSelector& selector) {
  io.Field("matchLabels", selector.match_labels);
  io.Objects("matchExpressions", selector.match_expressions);
}

}  // namespace ballast
