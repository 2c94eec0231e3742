#include "identity/pem.h"

#include <openssl/err.h>
#include <openssl/pem.h>

#include "base/strings.h"
#include "identity/openssl_status.h"

namespace ballast {
namespace {

Result<BioPtr> ReaderOf(std::string_view pem) {
  if (pem.size() > kMaxPemBytes) return InvalidArgument(StrCat("is larger than ", FormatBytes(kMaxPemBytes)));
  ERR_clear_error();
  BioPtr reader(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
  if (!reader) return OpenSslStatus("read PEM");
  return reader;
}

// Nobody is asked for a passphrase.
int NoPassphrase(char*, int, int, void*) { return -1; }

bool QueueSaysEndOfPem() { return ERR_GET_REASON(ERR_peek_last_error()) == PEM_R_NO_START_LINE; }

Result<std::string> TextOf(const BioPtr& writer) {
  const char* text = nullptr;
  const long size = BIO_get_mem_data(writer.get(), &text);  // NOLINT: the macro casts
  return std::string(text, static_cast<size_t>(size));
}

}  // namespace

Result<std::vector<CertificatePtr>> ParseCertificates(std::string_view pem) {
  ASSIGN_OR_RETURN(const BioPtr reader, ReaderOf(pem));
  std::vector<CertificatePtr> certificates;
  while (CertificatePtr next{PEM_read_bio_X509(reader.get(), nullptr, NoPassphrase, nullptr)}) {
    certificates.push_back(std::move(next));
    if (certificates.size() > kMaxCertificates)
      return InvalidArgument(StrCat("holds more than ", kMaxCertificates, " certificates"));
  }
  if (!QueueSaysEndOfPem()) return OpenSslStatus("holds a damaged certificate", StatusCode::kInvalidArgument);
  ERR_clear_error();
  if (certificates.empty()) return InvalidArgument("holds no PEM certificate (-----BEGIN CERTIFICATE-----)");
  return certificates;
}

Result<KeyPtr> ParseKey(std::string_view pem) {
  ASSIGN_OR_RETURN(const BioPtr reader, ReaderOf(pem));
  KeyPtr key(PEM_read_bio_PrivateKey(reader.get(), nullptr, NoPassphrase, nullptr));
  if (!key) return OpenSslStatus("holds no PEM private key without a passphrase", StatusCode::kInvalidArgument);
  return key;
}

Result<std::string> PemOf(const X509& certificate) {
  const BioPtr writer(BIO_new(BIO_s_mem()));
  if (!writer || PEM_write_bio_X509(writer.get(), &certificate) != 1) return OpenSslStatus("write certificate");
  return TextOf(writer);
}

Result<std::string> PemOf(const EVP_PKEY& key) {
  const BioPtr writer(BIO_new(BIO_s_mem()));
  if (!writer || PEM_write_bio_PKCS8PrivateKey(writer.get(), &key, nullptr, nullptr, 0, nullptr, nullptr) != 1)
    return OpenSslStatus("write key");
  return TextOf(writer);
}

}  // namespace ballast
