// The last CacheNode on disk: what a node works from while the apiserver does not answer.
#pragma once

#include <optional>
#include <string>

#include "api/cache_node.h"
#include "base/status.h"

namespace ballast {

// nullopt: there is none, or none that can be read, or it is of another node than `node`; that is logged and costs
// nothing but the wait for the apiserver.
std::optional<CacheNode> LoadNodeCopy(const std::string& file, const std::string& node);
// Durable when it returns. The status is left out: it says what was.
Status SaveNodeCopy(const std::string& file, const CacheNode& node);

}  // namespace ballast
