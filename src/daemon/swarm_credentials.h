// The certificate that this node shows to the others, kept up to date.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/mutex.h"
#include "identity/credential_files.h"
#include "identity/tls_context.h"

namespace ballast {

// Thread-safe.
class SwarmCredentials {
 public:
  // `node`: whom the certificate must be of.
  SwarmCredentials(CredentialPaths paths, std::string node, const Clock& clock);

  // Takes what the files hold now. Meant to be called every few seconds.
  void Refresh();

  // The last good ones; null while there were none. Another object than before: they were replaced.
  std::shared_ptr<const Credentials> credentials() const;
  std::shared_ptr<const TlsContext> context() const;
  // When those end; nothing while there are none.
  std::optional<WallTime> valid_until() const;
  // A sentence for people, or nothing: unreadable, of another node, about to expire.
  std::optional<std::string> problem() const;

 private:
  std::optional<std::string> Take(const CredentialFiles::Refreshed& refreshed) REQUIRES(mutex_);

  const std::string node_;
  const Clock& clock_;
  CredentialFiles files_;
  mutable Mutex mutex_;
  std::shared_ptr<const Credentials> read_ GUARDED_BY(mutex_);  // the last that were looked at
  std::shared_ptr<const Credentials> credentials_ GUARDED_BY(mutex_);
  std::shared_ptr<const TlsContext> context_ GUARDED_BY(mutex_);
  std::optional<WallTime> valid_until_ GUARDED_BY(mutex_);
  std::optional<std::string> problem_ GUARDED_BY(mutex_);
};

// "3 days", "5 h 20 min"
std::string TimeLeft(Duration left);

}  // namespace ballast
