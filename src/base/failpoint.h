// Named places where a test kills the process. Empty unless configured with -DBALLAST_FAILPOINTS=ON (preset
// failpoints); then BALLAST_FAILPOINT=commit.renamed in the environment ends the process there by SIGKILL, at the first
// passage; BALLAST_FAILPOINT=commit.renamed:3 at the third.
#pragma once

namespace ballast {

#if defined(BALLAST_FAILPOINTS)
void Failpoint(const char* name);
#else
inline void Failpoint(const char* /*name*/) {}
#endif

}  // namespace ballast
