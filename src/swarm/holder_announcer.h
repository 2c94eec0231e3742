// Tells the others which models this node has whole: of each, the first two that answer in its rendezvous order, and
// who coordinates it.
#pragma once

#include <memory>
#include <vector>

#include "base/clock.h"
#include "swarm/control.h"
#include "swarm/coordinator_host.h"
#include "swarm/membership.h"

namespace ballast {

// Thread-safe. Speaks on a thread of its own: at once when something changes here or in the membership, and everything
// again each minute, since who was told may have forgotten it in a restart.
class HolderAnnouncer {
 public:
  // All of them outlive it.
  struct Parts {
    Membership& membership;
    ControlTransport& transport;
    CoordinatorHost& host;  // of this node
    const Clock& clock;
  };

  explicit HolderAnnouncer(Parts parts);
  // Says goodbye to all who were told, for a second at most.
  ~HolderAnnouncer();

  // All models that are whole here, now: what is not among them and was before is dropped.
  void SetHeld(std::vector<Digest> models);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace ballast
