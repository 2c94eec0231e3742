// Nodes by name, and the numbers that stand for them inside this process.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/mutex.h"
#include "base/status.h"
#include "swarm/messages.h"

namespace ballast {

// Far more than a cluster has: names come from other nodes, too.
inline constexpr size_t kMaxNodeNames = 100'000;

// Only grows: a number once given stays a name's. Numbers begin at 0, without gaps. Thread-safe.
class NodeTable {
 public:
  // InvalidArgument: no node's name; ResourceExhausted: kMaxNodeNames.
  Result<NodeId> IdOf(std::string_view name);
  std::optional<NodeId> Find(std::string_view name) const;
  // "the origin" for kOrigin, "?" for a number that was never given.
  std::string NameOf(NodeId node) const;

 private:
  struct Hash {
    using is_transparent = void;  // NOLINT(readability-identifier-naming): the library's name
    size_t operator()(std::string_view name) const { return std::hash<std::string_view>{}(name); }
  };

  mutable Mutex mutex_;
  std::unordered_map<std::string, NodeId, Hash, std::equal_to<>> ids_ GUARDED_BY(mutex_);
  std::vector<const std::string*> names_ GUARDED_BY(mutex_);  // the keys of ids_, which stay where they are
};

}  // namespace ballast
