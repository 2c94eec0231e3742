// Keeps the CA: in its Secret, in the ConfigMap that nodes read it from, and the operator's own certificate.
//
//   AuthorityKeeper keeper(client, clock, {.ns = "ballast-system"});
//   std::jthread thread([&](const std::stop_token& stop) { keeper.Run(stop); });
//   IssuerServer::Start(.., {.credentials = [&] { return keeper.credentials(); }, ..});
#pragma once

#include <functional>
#include <memory>
#include <stop_token>
#include <string>

#include "base/clock.h"
#include "base/mutex.h"
#include "base/status.h"
#include "identity/authority.h"
#include "identity/credentials.h"
#include "kube/informer.h"
#include "operator/controller.h"
#include "operator/issuer/trust_bundle.h"

namespace ballast::controller {

// Where the CA comes from (tls.issuer).
enum class AuthoritySource {
  kOperator,        // made here, once; deleting the Secret makes another one
  kExistingSecret,  // a person's, or cert-manager's
};

// When the CA and the operator's certificate end.
struct AuthorityTimes {
  WallTime ca;
  WallTime own;
};

struct AuthorityOptions {
  std::string ns = "ballast-system";
  AuthoritySource source = AuthoritySource::kOperator;
  std::string secret = "ballast-ca";
  std::string config_map = "ballast-ca";
  std::function<void(const AuthorityTimes&)> on_use = [](const AuthorityTimes&) {};  // after each look
  Pause pause = RealPause();
};

// What certificates are made with. Never changed.
struct Authority {
  CertificateAuthority ca;
  std::string trust;  // PEM: the CA, and those before it
};

// Thread-safe. Every replica has one, since every replica issues; they agree by what the apiserver has.
class AuthorityKeeper {
 public:
  // Both outlive it.
  AuthorityKeeper(KubeClient& client, const Clock& clock, AuthorityOptions options);

  // Follows Secret and ConfigMap, and renews the operator's certificate at two thirds of its life, until `stop`.
  void Run(const std::stop_token& stop);

  // One look at both, and what follows from it. Returns when to look again, whatever happens. An error says what a
  // person has to do; what was good before stays in use.
  Result<RequeueAfter> Sync(const std::stop_token& stop);

  // Null: there is none yet.
  std::shared_ptr<const Authority> authority() const;
  // The operator's own; another object after a renewal.
  std::shared_ptr<const Credentials> credentials() const;

 private:
  Result<Json> ReadOrMakeSecret(const std::stop_token& stop);
  Result<Json> MakeSecret(const std::stop_token& stop);
  // The bundle as it is in the ConfigMap now.
  Result<TrustBundle> Publish(const CertificateAuthority& ca, const std::stop_token& stop);
  Status Use(CertificateAuthority ca, const std::string& trust);
  Result<AuthorityTimes> Times() const;

  KubeClient& client_;
  const Clock& clock_;
  const AuthorityOptions options_;
  mutable Mutex mutex_;
  std::shared_ptr<const Authority> authority_ GUARDED_BY(mutex_);
  std::shared_ptr<const Credentials> credentials_ GUARDED_BY(mutex_);
};

}  // namespace ballast::controller
