// The system's root certificates and a private CA's, together.
#pragma once

#include <memory>
#include <string>

#include "base/mutex.h"
#include "base/status.h"

namespace ballast {

// Thread-safe.
class RootCertificates {
 public:
  // `bundle`: PEM file; "" for none.
  explicit RootCertificates(std::string bundle) : bundle_(std::move(bundle)) {}

  // PEM of both; null where there is no bundle, which means the system's alone. Read again when the file's time, size
  // or inode differ. InvalidArgument names the file: missing, unreadable, without a certificate.
  Result<std::shared_ptr<const std::string>> Load() EXCLUDES(mutex_);

 private:
  const std::string bundle_;
  Mutex mutex_;
  std::string stamp_ GUARDED_BY(mutex_);
  std::shared_ptr<const std::string> pem_ GUARDED_BY(mutex_);
};

}  // namespace ballast
