// Who may connect to a node: the other nodes of its swarm.
#pragma once

#include "identity/tls_session.h"
#include "swarm/membership.h"

namespace ballast {

// OK for the nodes that are members when it is asked; PermissionDenied for all others and for the operator.
// Thread-safe; `membership` must outlive it.
AdmitPeer AdmitMembers(const Membership& membership);

}  // namespace ballast
