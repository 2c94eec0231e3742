// The swarm that this node is in, as the rest of the daemon sees it.
#pragma once

#include <cstdint>
#include <functional>
#include <stop_token>
#include <string>
#include <vector>

#include "daemon/metrics.h"
#include "daemon/model_answer.h"
#include "swarm/membership.h"
#include "swarm/swarm.h"

namespace ballast {

// What a coordinator sees under way.
struct SwarmTransfer {
  std::string receiver;
  std::string source;  // "" = the origin
  uint32_t file = 0;   // index in the manifest
  std::string path;    // "" = not known here
  uint32_t first = 0;  // piece
  uint32_t count = 0;

  friend bool operator==(const SwarmTransfer&, const SwarmTransfer&) = default;
};

// One model's swarm, as this node knows it.
struct ModelSwarmView {
  std::string coordinator;               // "" = nobody
  std::vector<SwarmTransfer> transfers;  // where this node coordinates it
  std::vector<std::string> quarantined;  // nodes that it found to send or attest wrong bytes
};

// Thread-safe.
class DaemonSwarm {
 public:
  virtual ~DaemonSwarm() = default;
  // Before a download: right after a start it waits for this node to be in the swarm, but never long. `tell` hears what
  // it waits for. Cancelled: stopped.
  virtual Status AwaitEntry(const std::function<void(const std::string&)>& tell, const std::stop_token& stop) = 0;
  // False: it can't take part just now (no certificate, say); downloads are on their own.
  virtual bool active() const = 0;
  // What a request means, asked of the node whose part it is.
  virtual Result<ModelAnswer> Resolve(const ModelRequest& request, const std::stop_token& stop) = 0;
  virtual Swarm& swarm() = 0;
  virtual const Membership& membership() const = 0;
  // Pieces that this node is sending, or has been asked for.
  virtual uint32_t uploads() const = 0;
  // A blob is here, and these are the hashes of its pieces.
  virtual void Proven(const Digest& blob, const std::vector<Digest>& pieces) = 0;
  // Models came to the store, or went from it.
  virtual void ModelsChanged() = 0;

  // One sentence each, with the remedy.
  virtual std::vector<std::string> Problems() const = 0;
  virtual SwarmGauges GaugesNow() const = 0;
  virtual ModelSwarmView ViewOf(const Digest& model) const = 0;
};

}  // namespace ballast
