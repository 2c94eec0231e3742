// Credentials in files that others replace while we run: an operator, cert-manager, `ballast certs issue`, or the
// kubelet, which swaps a symbolic link above them.
#pragma once

#include <memory>
#include <string>

#include "base/clock.h"
#include "base/mutex.h"
#include "base/status.h"
#include "identity/credentials.h"

namespace ballast {

struct CredentialPaths {
  std::string ca;
  std::string certificate;
  std::string key;
};

// Thread-safe.
class CredentialFiles {
 public:
  struct Refreshed {
    // The last that were good when they were loaded; null while none were. Another object than before = make a new
    // TlsContext.
    std::shared_ptr<const Credentials> credentials;
    // OK, or why what the files hold now is not used (or, where it is in use, no longer accepted by others).
    Status problem;
  };

  CredentialFiles(CredentialPaths paths, const Clock& clock) : paths_(std::move(paths)), clock_(clock) {}

  // Reads the files again where one of them is another than at the last success (device, inode, size, times). Meant to
  // be called every few seconds: three stat() and one signature check where nothing has changed. Files that are
  // replaced one after another don't fit for a moment; the next call finds them whole.
  Refreshed Refresh() EXCLUDES(mutex_);

 private:
  Result<Credentials> Read() const;
  Status Load() REQUIRES(mutex_);

  const CredentialPaths paths_;
  const Clock& clock_;
  Mutex mutex_;
  std::string stamp_ GUARDED_BY(mutex_);  // of the files that `current_` came from
  std::shared_ptr<const Credentials> current_ GUARDED_BY(mutex_);
};

}  // namespace ballast
