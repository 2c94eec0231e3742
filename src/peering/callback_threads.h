// gRPC's threads for callbacks.
#pragma once

namespace ballast {

// gRPC ends the threads that run its callbacks with the last channel or server that uses them. Where that one is let go
// of in a callback, such a thread joins itself, in vain, and goes on with a queue that is freed (seen in 1.51 as a
// double free). So they stay until the process ends. Call it before the first channel. Thread-safe.
void KeepCallbackThreads();

}  // namespace ballast
