// How many descriptors this process may have open.
#pragma once

namespace ballast {

// Raises the soft limit to the hard one. The soft one is low (1,024) for the sake of select(), which is not used here;
// a server that meets it stops accepting connections.
void RaiseFileLimit();

}  // namespace ballast
