// Certificate authorities and server certificates for tests, made on the spot.
#pragma once

#include <openssl/types.h>

#include <chrono>
#include <filesystem>
#include <memory>
#include <string>

namespace ballast {

struct ServerCertificate {
  std::filesystem::path chain;  // PEM
  std::filesystem::path key;
};

// Files go into `folder` and stay there.
class TestCa {
 public:
  TestCa(std::filesystem::path folder, std::string name);
  ~TestCa();

  // The CA's own certificate, for a caBundle.
  std::filesystem::path bundle() const { return folder_ / (name_ + ".ca.pem"); }
  // `names`: "IP:127.0.0.1,DNS:hub.example"; valid from a day before `valid_for` counts, which may be negative:
  // expired.
  ServerCertificate Issue(const std::string& file, const std::string& names,
                          std::chrono::seconds valid_for = std::chrono::hours(1));

 private:
  const std::filesystem::path folder_;
  const std::string name_;
  std::unique_ptr<EVP_PKEY, void (*)(EVP_PKEY*)> key_;
  std::unique_ptr<X509, void (*)(X509*)> certificate_;
};

}  // namespace ballast
