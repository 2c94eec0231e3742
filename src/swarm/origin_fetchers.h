// Which nodes are sent to the origin, and for how much at once. For Coordinator.
#pragma once

#include <cstdint>
#include <vector>

#include "base/clock.h"
#include "swarm/messages.h"
#include "swarm/origin_share.h"
#include "swarm/source_pace.h"
#include "swarm/swarm_view.h"

namespace ballast {

// Hubs count who asks for a file's address: it is the same few nodes all the time. Of them, who has had more than its
// share waits. Not thread-safe.
class OriginFetchers {
 public:
  // `view`: outlives it, and is told how many fetch at once.
  OriginFetchers(SwarmView& view, uint32_t most) : view_(view), most_(most) {}

  // Whether the node is here and the origin serves it.
  void SetCapable(NodeId node, bool capable);
  // It sent or attested wrong bytes: from now on it is sent there only while nobody else can be.
  void Bar(NodeId node);
  // Those who are not barred; at least 1.
  uint32_t capable() const { return capable_ > 0 ? capable_ : 1; }
  // So many fetch at once; at least 1.
  uint32_t at_once() const { return capable() < most_ ? capable() : most_; }

  // Whether it is capable, and one of the few or may become one.
  bool MayFetch(NodeId node, SteadyTime now);
  // It has had more than its share: others first.
  bool MustWait(NodeId node, SteadyTime now) { return share_.MustWait(node, at_once(), now); }
  // Pieces for one run.
  uint32_t LongestRun(NodeId node) const { return pace_.LongestRun(node); }

  // It was sent there.
  void OnSent(NodeId node, SteadyTime now);
  // A piece came that was given at `given_at`.
  void OnArrived(NodeId node, uint64_t bytes, SteadyTime given_at, SteadyTime now);

 private:
  struct Facts {
    bool capable = false;
    bool barred = false;
    SteadyTime sent_at{};  // the last time
  };
  Facts& Of(NodeId node);
  void Set(NodeId node, bool capable, bool barred);

  SwarmView& view_;
  const uint32_t most_;
  uint32_t capable_ = 0;  // and not barred
  std::vector<Facts> nodes_;
  std::vector<NodeId> fetchers_;  // most_ at most
  OriginPace pace_;
  OriginShare share_;
};

}  // namespace ballast
