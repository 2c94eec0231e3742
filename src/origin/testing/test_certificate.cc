#include "origin/testing/test_certificate.h"

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include <cstdio>
#include <utility>

#include "base/check.h"

namespace ballast {
namespace {

using Key = std::unique_ptr<EVP_PKEY, void (*)(EVP_PKEY*)>;
using Certificate = std::unique_ptr<X509, void (*)(X509*)>;

Key NewKey() { return {EVP_EC_gen("P-256"), &EVP_PKEY_free}; }

void Extend(X509* certificate, int kind, const std::string& value) {
  X509_EXTENSION* extension = X509V3_EXT_conf_nid(nullptr, nullptr, kind, value.c_str());
  BALLAST_CHECK(extension != nullptr) << value;
  X509_add_ext(certificate, extension, -1);
  X509_EXTENSION_free(extension);
}

Certificate NewCertificate(const std::string& subject, EVP_PKEY* key, std::chrono::seconds valid_for) {
  constexpr long kDay = 86'400;
  static long serial = 1;
  Certificate certificate(X509_new(), &X509_free);
  X509_set_version(certificate.get(), X509_VERSION_3);
  ASN1_INTEGER_set(X509_get_serialNumber(certificate.get()), serial++);
  X509_gmtime_adj(X509_getm_notBefore(certificate.get()), -kDay);
  X509_gmtime_adj(X509_getm_notAfter(certificate.get()), valid_for.count());
  X509_NAME_add_entry_by_txt(X509_get_subject_name(certificate.get()), "CN", MBSTRING_ASC,
                             reinterpret_cast<const unsigned char*>(subject.c_str()), -1, -1, 0);
  X509_set_pubkey(certificate.get(), key);
  return certificate;
}

template <typename Write>
void WriteFile(const std::filesystem::path& path, Write write) {
  FILE* file = std::fopen(path.c_str(), "w");
  BALLAST_CHECK(file != nullptr && write(file) == 1) << path;
  std::fclose(file);
}

}  // namespace

TestCa::TestCa(std::filesystem::path folder, std::string name)
    : folder_(std::move(folder)),
      name_(std::move(name)),
      key_(NewKey()),
      certificate_(NewCertificate(name_, key_.get(), std::chrono::hours(1))) {
  X509_set_issuer_name(certificate_.get(), X509_get_subject_name(certificate_.get()));
  Extend(certificate_.get(), NID_basic_constraints, "critical,CA:TRUE");
  Extend(certificate_.get(), NID_key_usage, "critical,keyCertSign");
  BALLAST_CHECK(X509_sign(certificate_.get(), key_.get(), EVP_sha256()) > 0);
  std::filesystem::create_directories(folder_);
  WriteFile(bundle(), [&](FILE* file) { return PEM_write_X509(file, certificate_.get()); });
}

TestCa::~TestCa() = default;

ServerCertificate TestCa::Issue(const std::string& file, const std::string& names, std::chrono::seconds valid_for) {
  const Key key = NewKey();
  const Certificate certificate = NewCertificate(file, key.get(), valid_for);
  X509_set_issuer_name(certificate.get(), X509_get_subject_name(certificate_.get()));
  Extend(certificate.get(), NID_subject_alt_name, names);
  BALLAST_CHECK(X509_sign(certificate.get(), key_.get(), EVP_sha256()) > 0);
  ServerCertificate paths{folder_ / (file + ".pem"), folder_ / (file + ".key")};
  WriteFile(paths.chain, [&](FILE* out) { return PEM_write_X509(out, certificate.get()); });
  WriteFile(paths.key,
            [&](FILE* out) { return PEM_write_PrivateKey(out, key.get(), nullptr, nullptr, 0, nullptr, nullptr); });
  return paths;
}

}  // namespace ballast
