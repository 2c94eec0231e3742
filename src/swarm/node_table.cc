#include "swarm/node_table.h"

#include "base/strings.h"
#include "core/node_name.h"

namespace ballast {

Result<NodeId> NodeTable::IdOf(std::string_view name) {
  MutexLock lock(mutex_);
  if (const auto known = ids_.find(name); known != ids_.end()) return known->second;
  RETURN_IF_ERROR(CheckNodeName(name));
  if (names_.size() == kMaxNodeNames) {
    return ResourceExhausted(StrCat("node ", name, " is one too many: this node has heard of ", kMaxNodeNames,
                                    " names, which no cluster has; look for a node that makes them up"));
  }
  const auto id = static_cast<NodeId>(names_.size());
  const auto added = ids_.emplace(std::string(name), id).first;
  names_.push_back(&added->first);
  return id;
}

std::optional<NodeId> NodeTable::Find(std::string_view name) const {
  MutexLock lock(mutex_);
  const auto known = ids_.find(name);
  return known == ids_.end() ? std::nullopt : std::optional(known->second);
}

std::string NodeTable::NameOf(NodeId node) const {
  if (node == kOrigin) return "the origin";
  MutexLock lock(mutex_);
  return node < names_.size() ? *names_[node] : "?";
}

}  // namespace ballast
