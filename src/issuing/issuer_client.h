// How a node asks the operator for its certificate and for tokens of origins.
//
//   IssuerClient issuer({.addresses = [&] { return cluster.OperatorAddresses(); }, .clock = clock});
//   auto credentials = issuer.IssueCertificate({.node = name, .ca = ca_pem, .token = bearer}, limit);
//   auto token = issuer.OriginToken(*credentials, "serving/llama", limit);
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/status.h"
#include "identity/credentials.h"
#include "swarm/control.h"

namespace ballast {

struct IssuerAddress {
  std::string host;  // an address or a name, without brackets
  uint16_t port = 0;
};

// Thread-safe. No connection outlives its call: a node asks once in weeks, or while it fetches a gated model. Each
// address is tried until one answers. Errors: those of issuer.proto; Unavailable where no operator is known, can be
// reached, or proves to be one.
class IssuerClient {
 public:
  struct Parts {
    std::function<std::vector<IssuerAddress>()> addresses;  // of the operator's replicas, as they are known now
    const Clock& clock;                                     // outlives it
  };
  explicit IssuerClient(Parts parts) : parts_(std::move(parts)) {}

  struct CertificateRequest {
    std::string node;   // whose the token is
    std::string ca;     // PEM: whom to trust for the operator
    std::string token;  // of the service account, for the audience `ballast`
  };
  // A certificate of `node` for a new key, and whom to trust with it; checked as others will check it.
  Result<Credentials> IssueCertificate(const CertificateRequest& request, const CallLimit& limit) const;

  // Of `cache` ("namespace/name", or the name of a ClusterModelCache). NotFound: it needs none.
  Result<std::string> OriginToken(const Credentials& own, const std::string& cache, const CallLimit& limit) const;

 private:
  template <typename Response, typename Call>
  Result<Response> Ask(const Credentials& own, const CallLimit& limit, Call call) const;

  Parts parts_;
};

}  // namespace ballast
