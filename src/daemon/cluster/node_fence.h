// Which CacheNode objects are this node's. Pure.
//
// A node that was deleted and made again under its name is another node, with another CacheNode; an agent that has
// outlived the first must neither act on the old object nor mix the two.
#pragma once

#include <string>
#include <string_view>

#include "api/cache_node.h"

namespace ballast {

enum class NodeVerdictKind {
  kTake,      // the next version of what is known
  kTakeAnew,  // another object: forget what was asked and found under the one before
  kIgnore,    // of another node of the same name
};

// `before`: null where there was none. `node_uid`: of the Node that this agent runs on; "" where it is not known.
NodeVerdictKind JudgeObject(const CacheNode* before, const CacheNode& now, std::string_view node_uid);

// Of the Node that owns it; "" where none does.
std::string NodeUidOf(const CacheNode& node);

// Of the Node that a pod's bound service account token names (claim kubernetes.io/node/uid, which apiservers put there
// since 1.30); "" where it names none. The signature is not looked at: it is our own token.
std::string NodeUidOfToken(std::string_view token);

}  // namespace ballast
