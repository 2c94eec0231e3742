#include "operator/issuer/authority_keeper.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "base/strings.h"
#include "identity/certificate_check.h"
#include "identity/pem.h"
#include "operator/cluster_objects.h"
#include "operator/issuer/authority_secret.h"
#include "operator/issuer/own_certificate.h"

namespace ballast::controller {
namespace {

constexpr char kKey[] = "ca";
constexpr std::chrono::hours kLookAgain{1};  // trust that is over is dropped, and a clock that jumped is seen

InformerOptions Only(const std::string& ns, const std::string& name, const Pause& pause) {
  return {.ns = ns, .field_selector = "metadata.name=" + name, .pause = pause};
}

}  // namespace

AuthorityKeeper::AuthorityKeeper(KubeClient& client, const Clock& clock, AuthorityOptions options)
    : client_(client), clock_(clock), options_(std::move(options)) {}

void AuthorityKeeper::Run(const std::stop_token& stop) {
  Controller controller("ca", clock_, [this](const auto& /*key*/, const auto& token) { return Sync(token); });
  Informer secret(client_, kSecrets, Only(options_.ns, options_.secret, options_.pause));
  Informer config_map(client_, kConfigMaps, Only(options_.ns, options_.config_map, options_.pause));
  for (Informer* informer : {&secret, &config_map}) {
    informer->AddHandler([&controller](const ObjectChange& /*change*/) { controller.Add(kKey); });
    informer->Start();
  }
  controller.Add(kKey);
  controller.Run(1, stop);
}

Result<RequeueAfter> AuthorityKeeper::Sync(const std::stop_token& stop) {
  ASSIGN_OR_RETURN(const Json secret, ReadOrMakeSecret(stop));
  ASSIGN_OR_RETURN(CertificateAuthority ca, ReadAuthority(secret));
  ASSIGN_OR_RETURN(const TrustBundle trust, Publish(ca, stop));
  RETURN_IF_ERROR(Use(std::move(ca), trust.pem));
  ASSIGN_OR_RETURN(const AuthorityTimes times, Times());
  options_.on_use(times);
  const Duration renewal = UntilRenewal(*credentials(), clock_.Now());
  return RequeueAfter(std::min<Duration>(kLookAgain, renewal));
}

Result<Json> AuthorityKeeper::ReadOrMakeSecret(const std::stop_token& stop) {
  const ObjectName name{options_.ns, options_.secret};
  auto secret = client_.Get(kSecrets, name, stop);
  if (secret.ok() || secret.status().code() != StatusCode::kNotFound) return secret;
  if (options_.source == AuthoritySource::kOperator) return MakeSecret(stop);
  return FailedPrecondition(StrCat("the Secret ", name,
                                   " with the CA (tls.crt, tls.key) is not there: create it, for instance by a "
                                   "Certificate of cert-manager with isCA: true, or set tls.issuer: operator"));
}

Result<Json> AuthorityKeeper::MakeSecret(const std::stop_token& stop) {
  ASSIGN_OR_RETURN(const CertificateAuthority made, CertificateAuthority::Create(clock_.Now()));
  ASSIGN_OR_RETURN(const Json secret, MakeAuthoritySecret({options_.ns, options_.secret}, made));
  auto created = client_.Create(kSecrets, secret, stop);
  const bool other_was_first = created.status().code() == StatusCode::kAlreadyExists;
  return other_was_first ? client_.Get(kSecrets, {options_.ns, options_.secret}, stop) : created;
}

Result<TrustBundle> AuthorityKeeper::Publish(const CertificateAuthority& ca, const std::stop_token& stop) {
  const ObjectName name{options_.ns, options_.config_map};
  ASSIGN_OR_RETURN(const std::string pem, ca.CertificatePem());
  auto stored = client_.Get(kConfigMaps, name, stop);
  if (!stored.ok() && stored.status().code() != StatusCode::kNotFound) return stored.status();
  const Json before = stored.ok() ? *stored : Json();
  ASSIGN_OR_RETURN(TrustBundle bundle, PlanTrust(ReadTrust(before), pem, clock_.Now()));
  const Json wanted = WithTrust(before, name, bundle);
  if (wanted == before) return bundle;
  RETURN_IF_ERROR(
      (stored.ok() ? client_.Update(kConfigMaps, wanted, stop) : client_.Create(kConfigMaps, wanted, stop)).status());
  return bundle;
}

Status AuthorityKeeper::Use(CertificateAuthority ca, const std::string& trust) {
  ASSIGN_OR_RETURN(const std::string pem, ca.CertificatePem());
  const std::shared_ptr<const Credentials> before = credentials();
  std::shared_ptr<const Credentials> own = before;
  if (!before || IsRenewalDue({*before, trust, pem}, clock_.Now())) {
    ASSIGN_OR_RETURN(Credentials made, IssueOwn(ca, trust, clock_.Now()));
    own = std::make_shared<const Credentials>(std::move(made));
  }
  MutexLock lock(mutex_);
  authority_ = std::make_shared<const Authority>(Authority{std::move(ca), trust});
  credentials_ = std::move(own);
  return OkStatus();
}

Result<AuthorityTimes> AuthorityKeeper::Times() const {
  ASSIGN_OR_RETURN(const Validity ca, ValidityOf(authority()->ca.certificate()));
  ASSIGN_OR_RETURN(const std::vector<CertificatePtr> own, ParseCertificates(credentials()->certificate));
  ASSIGN_OR_RETURN(const Validity ours, ValidityOf(*own.front()));
  return AuthorityTimes{ca.not_after, ours.not_after};
}

std::shared_ptr<const Authority> AuthorityKeeper::authority() const {
  MutexLock lock(mutex_);
  return authority_;
}

std::shared_ptr<const Credentials> AuthorityKeeper::credentials() const {
  MutexLock lock(mutex_);
  return credentials_;
}

}  // namespace ballast::controller
