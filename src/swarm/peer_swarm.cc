#include "swarm/peer_swarm.h"

#include <utility>

#include "base/strings.h"
#include "swarm/control_session.h"

namespace ballast {

std::unique_ptr<SwarmSession> PeerSwarm::Join(const Manifest& manifest, SwarmListener& listener) {
  return std::make_unique<ControlSession>(ControlSession::Parts{.membership = parts_.membership,
                                                                .transport = parts_.transport,
                                                                .host = parts_.host,
                                                                .clock = parts_.clock,
                                                                .policy = parts_.policy},
                                          manifest, listener);
}

Status PeerSwarm::ReadPiece(NodeId peer, const Digest& blob, ByteRange range, std::span<std::byte> into,
                            std::stop_token stop) {
  const std::string name = parts_.nodes.NameOf(peer);
  const MemberListPtr members = parts_.membership.Current();
  const Member* const member = members->Find(name);
  if (member == nullptr) return Unavailable(StrCat("node ", name, " is no member of the swarm, as this node sees it"));
  return parts_.read_piece(*member, blob, range, into, std::move(stop));
}

}  // namespace ballast
