// This node's certificate: obtained from the operator, kept in files that the swarm reads, renewed in time.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <thread>

#include "base/backoff.h"
#include "base/clock.h"
#include "base/mutex.h"
#include "daemon/cluster/node_status.h"
#include "daemon/cluster/operator_client.h"
#include "identity/credential_files.h"

namespace ballast {

// When a certificate is renewed: at two thirds of its life, moved by up to a twentieth of it. `jitter`: -1 to 1. Pure.
WallTime RenewAt(const Validity& validity, double jitter);

// Thread-safe.
class CertificateKeeper {
 public:
  struct Parts {
    OperatorClient& issuer;  // outlives it
    const Clock& clock;      // the same
    std::string node;
    std::string ca_file;     // whom to trust as the operator; may appear later
    std::string token_file;  // of the service account
    CredentialPaths paths;   // in one folder of its own, which is made
    BackoffPolicy backoff{.initial = std::chrono::seconds(1), .max = std::chrono::minutes(1)};
    Duration look_every = std::chrono::seconds(2);
    std::function<void()> changed = [] {};  // facts() are others
    std::function<void()> tick = [] {};     // each time it looks: for what else is looked at now and then
  };
  // Looks at the files at once, then on a thread of its own.
  explicit CertificateKeeper(Parts parts);
  ~CertificateKeeper();

  CertificateFacts facts() const;
  // What the files hold, if it is valid; null otherwise.
  std::shared_ptr<const Credentials> credentials() const;

 private:
  void Run(const std::stop_token& stop);
  void Look();
  bool IsDue() const;
  Status Renew(const std::stop_token& stop);
  Status Save(const Credentials& issued) const;
  void SetFacts(CertificateFacts facts, std::shared_ptr<const Credentials> credentials);

  const Parts parts_;
  CredentialFiles files_;
  mutable Mutex mutex_;
  CertificateFacts facts_ GUARDED_BY(mutex_);
  std::shared_ptr<const Credentials> credentials_ GUARDED_BY(mutex_);

  // Of the thread alone, after the constructor:
  Backoff backoff_;
  std::minstd_rand random_;
  std::shared_ptr<const Credentials> seen_;
  std::optional<WallTime> renew_at_;
  Status failure_;  // of the last attempt
  SteadyTime not_before_{};
  std::jthread thread_;
};

}  // namespace ballast
