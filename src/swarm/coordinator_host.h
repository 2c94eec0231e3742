// The coordinators of this node, one for each model whose swarm it coordinates: made when the first node comes, gone
// some minutes after the last has left. The thread and the locks around Coordinator.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "core/manifest.h"
#include "swarm/control.h"
#include "swarm/coordinator.h"
#include "swarm/membership.h"
#include "swarm/node_table.h"

namespace ballast {

struct CoordinatorHostOptions {
  CoordinatorPolicy policy;
  size_t max_models = 256;                                  // coordinated for other nodes at once
  size_t max_nodes = 20'000;                                // joined to one model
  Duration idle = std::chrono::minutes(5);                  // without a node: then what is known of the model goes
  Duration claim_every = std::chrono::seconds(10);          // others are told who coordinates
  Duration ask_timeout = std::chrono::milliseconds(500);    // for who coordinates a model
  Duration hashes_timeout = std::chrono::minutes(5);        // a holder may have to read the file
  Duration unreachable_counts = std::chrono::seconds(30);   // what a node says of others when it comes
  Duration takeover_wait = std::chrono::milliseconds(300);  // for what the others have, before anybody is sent anywhere
  Duration blind_wait = std::chrono::seconds(2);            // the same, where not all who were asked answered
  Duration ask_again_every = std::chrono::milliseconds(200);  // meanwhile
  uint32_t max_redirects = 3;                                 // then a node is taken in, whoever should have it
};

// Thread-safe.
class CoordinatorHost final : public PeerService {
 public:
  // All of them outlive it.
  struct Parts {
    Membership& membership;
    NodeTable& nodes;
    ControlTransport& transport;
    PieceHashSource& hashes;
    Resolver& resolver;
    // The manifest, where this node has it.
    std::function<std::optional<Manifest>(const Digest& model)> manifests;
    const Clock& clock;
    // A node was found to have sent or attested wrong bytes of a model that is coordinated here. May be empty; must not
    // block.
    std::function<void(const Digest& model, const std::string& node)> quarantined = {};
  };

  CoordinatorHost(Parts parts, const CoordinatorHostOptions& options);
  // No stream may be left: shut the server and the sessions down before.
  ~CoordinatorHost() override;

  std::unique_ptr<JoinedNode> Join(const std::string& from, std::shared_ptr<JoinOutlet> outlet) override;
  Result<HoldAnswer> Hold(const std::string& from, const HoldNotice& notice) override;
  Result<CoordinatesAnswer> Coordinates(const std::string& from, const CoordinatesQuery& query) override;
  Result<std::vector<Digest>> PieceHashes(const Digest& blob, std::stop_token stop) override;
  Result<Resolved> Resolve(const ResolveQuery& query, std::stop_token stop) override;

  // This node's own session found who coordinates the model; "": it has ended.
  void Found(const Digest& model, const std::string& coordinator);
  // Who this node's session was with does not coordinate it any more.
  void Lost(const Digest& model);
  // Who does, as far as this node knows: itself, or who said so within the last half minute; "".
  std::string CoordinatorOf(const Digest& model) const;
  // Nodes that said so, this one among them.
  std::vector<std::string> HoldersOf(const Digest& model) const;
  // What is under way; empty where this node does not coordinate the model.
  std::vector<Coordinator::Transfer> Transfers(const Digest& model) const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace ballast
