#include "daemon/cluster/operator_client.h"

#include <utility>

namespace ballast {
namespace {

constexpr std::chrono::seconds kPatience{15};

class GrpcOperatorClient final : public OperatorClient {
 public:
  GrpcOperatorClient(OperatorAddresses addresses, const Clock& clock)
      : issuer_({.addresses = std::move(addresses), .clock = clock}) {}

  Result<Credentials> IssueCertificate(const IssuerClient::CertificateRequest& request,
                                       const std::stop_token& stop) override {
    return issuer_.IssueCertificate(request, {.timeout = kPatience, .stop = stop});
  }
  Result<std::string> OriginToken(const Credentials& own, const std::string& cache,
                                  const std::stop_token& stop) override {
    return issuer_.OriginToken(own, cache, {.timeout = kPatience, .stop = stop});
  }

 private:
  const IssuerClient issuer_;
};

}  // namespace

std::unique_ptr<OperatorClient> MakeGrpcOperatorClient(OperatorAddresses addresses, const Clock& clock) {
  return std::make_unique<GrpcOperatorClient>(std::move(addresses), clock);
}

}  // namespace ballast
