#include "operator/issuer/issuer_metrics.h"

#include <prometheus/counter.h>
#include <prometheus/gauge.h>
#include <prometheus/registry.h>

#include <string>

namespace ballast::controller {
namespace {

void Count(prometheus::Family<prometheus::Counter>& family, const Status& end) {
  family.Add({{"code", std::string(StatusCodeName(end.code()))}}).Increment();
}

}  // namespace

IssuerMetrics::IssuerMetrics(prometheus::Registry& registry)
    : certificates_(prometheus::BuildCounter()
                        .Name("ballast_operator_certificate_requests_total")
                        .Help("Certificates of nodes that were asked for, by how that ended")
                        .Register(registry)),
      tokens_(prometheus::BuildCounter()
                  .Name("ballast_operator_origin_token_requests_total")
                  .Help("Tokens of origins that nodes asked for, by how that ended")
                  .Register(registry)) {}

void IssuerMetrics::CountCertificate(const Status& end) const { Count(certificates_, end); }
void IssuerMetrics::CountToken(const Status& end) const { Count(tokens_, end); }

std::function<void(const AuthorityTimes&)> ShowAuthorityTimes(prometheus::Registry& registry) {
  auto& family = prometheus::BuildGauge()
                     .Name("ballast_operator_certificate_expiry_timestamp_seconds")
                     .Help("When the CA (certificate=ca) and the operator's own certificate (own) end, in Unix time")
                     .Register(registry);
  return [&ca = family.Add({{"certificate", "ca"}}), &own = family.Add({{"certificate", "own"}})](const auto& times) {
    ca.Set(static_cast<double>(std::chrono::system_clock::to_time_t(times.ca)));
    own.Set(static_cast<double>(std::chrono::system_clock::to_time_t(times.own)));
  };
}

}  // namespace ballast::controller
