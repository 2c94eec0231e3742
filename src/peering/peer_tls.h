// gRPC's TLS with our identities: TLS 1.3, a certificate at both ends, each checked by name.
#pragma once

#include <functional>
#include <memory>

#include "base/clock.h"
#include "identity/credentials.h"
#include "identity/peer_identity.h"
#include "identity/tls_session.h"

namespace grpc {
class ChannelCredentials;
class ServerCredentials;
}  // namespace grpc

namespace ballast {

// What this node shows now; another object after a reload; null while there is nothing. Thread-safe.
using CredentialsProvider = std::function<std::shared_ptr<const Credentials>()>;

// gRPC 1.51 has no setting for the least TLS version: in this process its TLS 1.2 gets only cipher suites that need a
// key which nobody shares, so that no handshake below 1.3 succeeds. Before gRPC's first TLS; may be called again.
void AllowOnlyTls13();

// For connections to `server`, and nobody else. `clock` outlives the credentials. Without a certificate of its own the
// caller shows none.
std::shared_ptr<grpc::ChannelCredentials> MakeChannelCredentials(const Credentials& own, const PeerIdentity& server,
                                                                 const Clock& clock);
// kOptional: who shows none is let in as nobody; a wrong one is refused all the same.
enum class ClientCertificate { kRequired, kOptional };

// For connections from whom `admit` lets in.
std::shared_ptr<grpc::ServerCredentials> MakeServerCredentials(
    const Credentials& own, AdmitPeer admit, const Clock& clock,
    ClientCertificate certificate = ClientCertificate::kRequired);

}  // namespace ballast
