// What an issuer answers, apart from how it is asked: the port behind IssuerServer.
#pragma once

#include <stop_token>
#include <string>

#include "base/status.h"

namespace ballast {

struct CertificateOrder {
  std::string token;       // of the caller's service account
  std::string public_key;  // DER
  std::string proof;
};

struct IssuedChain {
  std::string certificate;  // PEM: the node's own first, then what leads to the CA
  std::string ca;           // PEM
};

// Thread-safe. Calls may block; they return soon after `stop` is requested. Codes are those of issuer.proto.
class IssuerService {
 public:
  virtual ~IssuerService() = default;
  virtual Result<IssuedChain> IssueCertificate(const CertificateOrder& order, const std::stop_token& stop) = 0;
  // `node` is who its certificate says it is.
  virtual Result<std::string> OriginToken(const std::string& node, const std::string& cache,
                                          const std::stop_token& stop) = 0;
};

}  // namespace ballast
