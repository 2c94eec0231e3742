#include "operator/merge_diff.h"

#include "kube/resource.h"

namespace ballast::controller {

Json MergeDiff(const Json& from, const Json& to) {
  if (!from.is_object() || !to.is_object()) return to;
  Json patch = Json::object();
  for (const auto& [key, value] : from.items()) {
    if (!to.contains(key)) patch[key] = nullptr;
  }
  for (const auto& [key, value] : to.items()) {
    if (!from.contains(key)) {
      patch[key] = value;
    } else if (from.at(key) != value) {
      patch[key] = MergeDiff(from.at(key), value);
    }
  }
  return patch;
}

Json StatusPatch(const Json& before, const Json& after) {
  return {{"metadata", {{"uid", UidOf(before)}, {"resourceVersion", ResourceVersionOf(before)}}},
          {"status", MergeDiff(ChildAt(before, "/status"), ChildAt(after, "/status"))}};
}

}  // namespace ballast::controller
