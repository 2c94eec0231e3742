// DiskIntents of a node in Kubernetes: its CacheNode says it.
#pragma once

#include <functional>
#include <memory>

#include "api/cache_node.h"
#include "daemon/config.h"
#include "daemon/disk_intents.h"

namespace ballast {

class NodeIntents final : public DiskIntents {
 public:
  using Current = std::function<std::shared_ptr<const CacheNode>()>;

  // `config` outlives it. Where `current` gives null, nobody has said yet what is wanted here: nothing goes then.
  NodeIntents(const DaemonConfig& config, bool shares_node_filesystem, Current current)
      : config_(config), shares_node_filesystem_(shares_node_filesystem), current_(std::move(current)) {}

  DiskIntent Now(const std::vector<StoredModel>& models) const override;
  std::vector<CopyOwner> OwnersOf(const ModelRequest& request) const override;
  Duration Interval() const override;

 private:
  const DaemonConfig& config_;
  const bool shares_node_filesystem_;
  const Current current_;
};

}  // namespace ballast
