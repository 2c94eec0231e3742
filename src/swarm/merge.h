// Messages that wait become one: a slow stream then carries the latest, and loses nothing.
#pragma once

#include <deque>

#include "swarm/control.h"
#include "swarm/messages.h"

namespace ballast {

// What `older` and then `newer` say, as one: the newer wish, and the reports of both.
Next Merged(Next older, Next newer);

// The same for replies. What `newer` withdraws is assigned no more; in one Reply, `withdrawn` is from before
// `assignments`.
Reply Merged(Reply older, Reply newer);

// `newer` behind what waits: a Reply into a Reply that is last.
void Append(FromCoordinator newer, std::deque<FromCoordinator>& waiting);

}  // namespace ballast
