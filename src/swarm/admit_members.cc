#include "swarm/admit_members.h"

#include "base/strings.h"

namespace ballast {

AdmitPeer AdmitMembers(const Membership& membership) {
  return [&membership](const PeerIdentity& peer) {
    if (!peer.is_operator() && membership.Current()->Find(peer.node()) != nullptr) return OkStatus();
    return PermissionDenied(StrCat(peer, " is no member of this swarm"));
  };
}

}  // namespace ballast
