// What a model reference means, asked in a swarm: the node whose part it is asks the origin, for all.
#pragma once

#include <optional>
#include <span>
#include <stop_token>
#include <string>
#include <vector>

#include "daemon/model_answer.h"
#include "daemon/model_resolver.h"
#include "swarm/control.h"
#include "swarm/membership.h"

namespace ballast {

// Whom `self` asks, in order: the first three of the rendezvous order of ResolveKey(), which are the same for all
// nodes, and itself last.
std::vector<Member> NodesToAsk(const ModelRequest& request, std::span<const Member> members, const std::string& self);

// Thread-safe.
//
// Where the request says which manifest it must be, whoever has that very one answers before any origin is asked.
// Where the origin is silent to the first node that is asked, and to this one, too, or to two that are asked, it is
// down: then whoever knows what it said before is believed, with a warning.
class SwarmResolver {
 public:
  // All of it outlives this.
  struct Parts {
    const Membership& membership;
    ControlTransport& transport;
    ModelResolver& self;
  };
  explicit SwarmResolver(const Parts& parts) : parts_(parts) {}

  // Errors are those of Origin::Resolve and of the store. What an hf:// or https:// origin has against a request is
  // final; a file:// one has it of one node only.
  Result<ModelAnswer> Resolve(const ModelRequest& request, const std::stop_token& stop);

 private:
  Result<ModelAnswer> AskOne(const Member& node, const ModelRequest& request, bool known_only,
                             const std::stop_token& stop);
  std::optional<ModelAnswer> AskWhoKnows(const ModelRequest& request, const std::stop_token& stop);
  Result<ModelAnswer> WithoutOrigin(const ModelRequest& request, const Status& failure, const std::stop_token& stop);

  const Parts parts_;
};

}  // namespace ballast
