// The operator, as an agent asks it.
#pragma once

#include <functional>
#include <memory>
#include <stop_token>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/status.h"
#include "identity/credentials.h"
#include "issuing/issuer_client.h"

namespace ballast {

// Thread-safe. Errors are those of proto/issuer.proto, and of IssuerClient where nobody can be reached.
class OperatorClient {
 public:
  virtual ~OperatorClient() = default;
  virtual Result<Credentials> IssueCertificate(const IssuerClient::CertificateRequest& request,
                                               const std::stop_token& stop) = 0;
  virtual Result<std::string> OriginToken(const Credentials& own, const std::string& cache,
                                          const std::stop_token& stop) = 0;
};

using OperatorAddresses = std::function<std::vector<IssuerAddress>()>;
using MakeOperatorClient = std::function<std::unique_ptr<OperatorClient>(OperatorAddresses, const Clock&)>;

// Over gRPC. `clock` outlives it.
std::unique_ptr<OperatorClient> MakeGrpcOperatorClient(OperatorAddresses addresses, const Clock& clock);

}  // namespace ballast
