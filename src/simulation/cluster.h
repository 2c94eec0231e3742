// A whole cluster in one process: the real coordinator decides, every node runs the real download brain (fetch::Step);
// links and clock are arithmetic. Seeded and repeatable.
//
// A link is a queue: what is sent through it takes size / rate, one after another, so that no link carries more than it
// can; a piece arrives when it has passed both the sender's and the receiver's.
#pragma once

#include <cstdint>
#include <vector>

#include "base/clock.h"
#include "fetch/step.h"
#include "swarm/coordinator.h"

namespace ballast::simulation {

struct Scenario {
  uint32_t nodes = 8;
  uint32_t zones = 1;
  std::vector<uint64_t> files;                           // sizes in bytes
  double origin_rate = 25e6;                             // bytes per second, of all that it sends
  double node_rate = 50e6;                               // of each node, in each direction
  Duration round_trip = std::chrono::microseconds(500);  // between node and coordinator, and to a source
  Duration origin_round_trip = std::chrono::milliseconds(10);

  struct Slow {
    NodeId node;
    double rate;
  };
  struct At {
    NodeId node;
    Duration at;
  };
  std::vector<Slow> slow;  // nodes with another rate
  std::vector<At> joins;   // nodes that begin later than at 0
  std::vector<At> deaths;
  struct Pause {
    Duration from;
    Duration to;
  };
  std::vector<Pause> origin_stalls;
  struct Freeze {
    NodeId node;
    Pause pause;
  };
  std::vector<Freeze> freezes;      // a stopped process: its links stand still, it says nothing
  std::vector<Duration> takeovers;  // another node becomes coordinator, and knows nothing
  Duration takeover_takes = std::chrono::milliseconds(1500);

  uint32_t origin_slots = 1;  // runs from the origin that a node begins at once
  Duration gather = fetch::SwarmRules().gather;
  CoordinatorPolicy policy;
};

struct Outcome {
  bool everyone_finished = false;  // of those who lived
  Duration last{};                 // when the last of them had everything
  std::vector<Duration> finished;  // by node; zero where it did not
  double copies_from_origin = 0;   // bytes out of the origin / bytes of the model
  double copies_across_zones = 0;  // into a zone, the mean of all: from the origin or another zone
  double most_copies_into_zone = 0;
  std::vector<double> sent;   // copies of the model that each node sent
  uint32_t most_uploads = 0;  // of one node at one time
  uint64_t pieces = 0;        // that were delivered
  uint32_t origin_nodes = 0;  // that were sent to the origin at some time
  uint64_t messages = 0;      // from nodes to the coordinator
  Duration bound{};           // max(F/u_origin, F/d_min, N F/(u_origin + sum u)), from the last join on for F/d
};

Outcome Simulate(const Scenario& scenario);

}  // namespace ballast::simulation
