#include "daemon/cluster/merge_patch.h"

namespace ballast {

Json MergePatchBetween(const Json& before, const Json& after) {
  Json patch = Json::object();
  for (const auto& [key, value] : before.items()) {
    if (!after.contains(key)) patch[key] = nullptr;
  }
  for (const auto& [key, value] : after.items()) {
    const auto old = before.find(key);
    if (old != before.end() && *old == value) continue;
    const bool both = old != before.end() && old->is_object() && value.is_object();
    patch[key] = both ? MergePatchBetween(*old, value) : value;
  }
  return patch;
}

}  // namespace ballast
