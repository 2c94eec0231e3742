// Which sources a node does not want for now, and which nobody shall be sent to any more.
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <span>
#include <vector>

#include "base/clock.h"
#include "swarm/messages.h"

namespace ballast {

// Not thread-safe.
class Distrust {
 public:
  // `corrupt_reports`: by so many nodes, then nobody is sent to it.
  explicit Distrust(uint32_t corrupt_reports) : corrupt_reports_(corrupt_reports) {}

  // `node` is not sent to `source` until then.
  void Avoid(NodeId node, NodeId source, SteadyTime until);
  std::vector<NodeId> Avoided(NodeId node, SteadyTime now);

  // True: this was one report too many.
  bool SentWrongBytes(NodeId source, NodeId says);
  void Quarantine(NodeId node);
  bool Quarantined(NodeId node) const { return quarantined_.contains(node); }
  // Quarantined since the last call.
  std::vector<NodeId> Take();

 private:
  struct Entry {
    NodeId source;
    SteadyTime until;
  };

  const uint32_t corrupt_reports_;
  std::map<NodeId, std::vector<Entry>> avoided_;
  std::map<NodeId, std::set<NodeId>> reports_;
  std::set<NodeId> quarantined_;
  std::vector<NodeId> news_;
};

}  // namespace ballast
