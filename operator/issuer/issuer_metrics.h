// What the issuer counts.
#pragma once

#include <functional>

#include "base/status.h"
#include "operator/issuer/authority_keeper.h"

namespace prometheus {
class Counter;
class Registry;
template <typename T>
class Family;
}  // namespace prometheus

namespace ballast::controller {

// ballast_operator_certificate_requests_total, ballast_operator_origin_token_requests_total; by the status code's name.
// Thread-safe.
class IssuerMetrics {
 public:
  // `registry` outlives it.
  explicit IssuerMetrics(prometheus::Registry& registry);

  void CountCertificate(const Status& end) const;
  void CountToken(const Status& end) const;

 private:
  prometheus::Family<prometheus::Counter>& certificates_;
  prometheus::Family<prometheus::Counter>& tokens_;
};

// For AuthorityOptions::on_use: the gauge
// ballast_operator_certificate_expiry_timestamp_seconds{certificate="ca"|"own"}. `registry` outlives it.
std::function<void(const AuthorityTimes&)> ShowAuthorityTimes(prometheus::Registry& registry);

}  // namespace ballast::controller
