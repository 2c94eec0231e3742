// The system's root certificates and a private CA's, parsed once for all connections.
#pragma once

#include <openssl/types.h>

#include <memory>
#include <string>

#include "base/mutex.h"
#include "base/status.h"

namespace ballast {

// What OpenSSL trusts; shared by connections, each of which takes a reference of its own.
using TrustStore = std::shared_ptr<X509_STORE>;

// Thread-safe.
class RootCertificates {
 public:
  // `bundle`: PEM file; "" for none.
  explicit RootCertificates(std::string bundle) : bundle_(std::move(bundle)) {}

  // Another store than before once the bundle's time, size or inode differ. InvalidArgument names the file: missing,
  // unreadable, without a certificate. Without a bundle: the system's roots as they were at the first call.
  Result<TrustStore> Load() EXCLUDES(mutex_);

 private:
  const std::string bundle_;
  Mutex mutex_;
  std::string stamp_ GUARDED_BY(mutex_);
  TrustStore store_ GUARDED_BY(mutex_);
};

}  // namespace ballast
