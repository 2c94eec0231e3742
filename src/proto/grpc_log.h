// What gRPC's core library writes to stderr by itself, a failed handshake, say: as log lines of ours, and so many of
// them as a person reads.
#pragma once

namespace ballast {

// For main(), before gRPC's first use. gRPC's errors become warnings: a call that fails says so in words of ours. What
// is less is shown with -v 1 (its information) and -v 2, where GRPC_VERBOSITY asks gRPC for it.
void LogGrpcAsOurs();

}  // namespace ballast
