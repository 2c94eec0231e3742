// CacheNode.status, computed from what was found. Pure.
//
// A status costs the apiserver a write on every node. So a model that is under way is told only if that lasts, and
// once: its Waiting and Downloading are one to WorthOf(); bytes and numbers of the disk go along with what matters; and
// a model that failed stays Failed until it is here or fails for another reason.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "api/cache_node.h"
#include "daemon/model_manager.h"
#include "store/store.h"

namespace ballast {

// One entry of spec.caches on this node.
struct EntryFacts {
  bool here = false;  // whole, verified, and by right
  uint64_t bytes = 0;
  std::optional<JobSnapshot> job;  // under way, or failed
};

CachePhase PhaseOf(const EntryFacts& facts);

struct CertificateFacts {
  bool valid = false;
  Reason reason = Reason::kNoCertificate;
  std::string message;
};

struct NodeFindings {
  std::vector<EntryFacts> entries;  // in the order of spec.caches
  AgentStatus agent;
  Usage usage;
  RoomLimits room;
  std::optional<CertificateFacts> certificate;  // nullopt: no swarm here
  bool shares_node_filesystem = false;
  bool disk_pressure = false;  // Collector::disk_pressure()
};

// The status that `node` (with the status that it has now) shall have.
CacheNodeStatus StatusOf(const CacheNode& node, const NodeFindings& found, const std::vector<WantedCache>& wanted,
                         Timestamp now);

// kLater: only that a spec was seen, or that models are under way; most of it is overtaken by their end.
enum class Worth { kNothing, kLater, kNow };
Worth WorthOf(const CacheNodeStatus& before, const CacheNodeStatus& after);

// One word for why an attempt failed.
Reason ReasonOf(const Status& failure);

}  // namespace ballast
