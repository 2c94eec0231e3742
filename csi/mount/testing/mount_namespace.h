// A mount namespace of the test program's own with a tmpfs for its files: nothing that a test mounts is seen outside,
// and everything goes when the program ends. Needs root.
#pragma once

#include <string>

namespace ballast::driver {

// An empty directory on the tmpfs (no symbolic link on its path); made anew for each call. The first call, which must
// come before the program's second thread, enters the namespace.
std::string PrivateDirectory();

}  // namespace ballast::driver
