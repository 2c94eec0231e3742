// A stream between a node and a PeerService of the same process.
#pragma once

#include <memory>
#include <string>

#include "swarm/control.h"

namespace ballast {

// As ControlTransport::Join(); `service` outlives the stream. What is sent is dealt with before Send() returns.
std::unique_ptr<ControlStream> JoinLocally(PeerService& service, const std::string& from, ControlEvents& events);

}  // namespace ballast
