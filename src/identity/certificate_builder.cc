#include "identity/certificate_builder.h"

#include <openssl/bn.h>

#include "identity/openssl_status.h"

namespace ballast {
namespace {

constexpr int kSerialBits = 159;  // at most 20 bytes, positive: RFC 5280, 4.1.2.2
constexpr size_t kMaxCommonNameBytes = 64;
constexpr long kVersion3 = 2;

Status Check(bool done, std::string_view what) { return done ? OkStatus() : OpenSslStatus(what); }

Status SetSerial(X509* certificate) {
  const std::unique_ptr<BIGNUM, OpenSslFree<&BN_free>> serial(BN_new());
  const bool done = serial && BN_rand(serial.get(), kSerialBits, BN_RAND_TOP_ANY, BN_RAND_BOTTOM_ANY) == 1 &&
                    BN_to_ASN1_INTEGER(serial.get(), X509_get_serialNumber(certificate)) != nullptr;
  return Check(done, "make a serial number");
}

Status SetTimes(X509* certificate, const CertificateSpec& spec) {
  const auto set = [](ASN1_TIME* target, WallTime time) {
    return ASN1_TIME_set(target, std::chrono::system_clock::to_time_t(time)) != nullptr;
  };
  return Check(
      set(X509_getm_notBefore(certificate), spec.not_before) && set(X509_getm_notAfter(certificate), spec.not_after),
      "set the times of a certificate");
}

Status SetNames(X509* certificate, const std::string& common_name, const Issuer* issuer) {
  X509_NAME* name = X509_get_subject_name(certificate);
  const std::string shown = common_name.substr(0, kMaxCommonNameBytes);
  const auto add = [name](const char* field, const std::string& value) {
    return X509_NAME_add_entry_by_txt(name, field, MBSTRING_UTF8, reinterpret_cast<const unsigned char*>(value.data()),
                                      static_cast<int>(value.size()), -1, 0) == 1;
  };
  const bool done = add("O", "Ballast") && add("CN", shown) &&
                    X509_set_issuer_name(certificate, issuer ? X509_get_subject_name(&issuer->certificate) : name) == 1;
  return Check(done, "set the names of a certificate");
}

Status AddExtension(X509* certificate, X509V3_CTX& context, int nid, const std::string& value) {
  const ExtensionPtr extension(X509V3_EXT_conf_nid(nullptr, &context, nid, value.c_str()));
  return Check(extension && X509_add_ext(certificate, extension.get(), -1) == 1, "add an extension to a certificate");
}

// Not through X509V3_EXT_conf_nid, which takes commas and colons in a name for its own.
Result<GeneralNamePtr> MakeName(int type, const std::string& value) {
  GeneralNamePtr name(GENERAL_NAME_new());
  ASN1_IA5STRING* text = ASN1_IA5STRING_new();
  if (!name || text == nullptr || ASN1_STRING_set(text, value.data(), static_cast<int>(value.size())) != 1) {
    ASN1_IA5STRING_free(text);
    return OpenSslStatus("make a subject alternative name");
  }
  GENERAL_NAME_set0_value(name.get(), type, text);
  return name;
}

Status Push(GENERAL_NAMES* names, int type, const std::string& value) {
  ASSIGN_OR_RETURN(GeneralNamePtr name, MakeName(type, value));
  if (sk_GENERAL_NAME_push(names, name.get()) == 0) return OpenSslStatus("add a subject alternative name");
  static_cast<void>(name.release());  // `names` has it
  return OkStatus();
}

Status AddAlternativeNames(X509* certificate, const CertificateSpec& spec) {
  if (spec.uris.empty() && spec.dns.empty()) return OkStatus();
  const GeneralNamesPtr names(sk_GENERAL_NAME_new_null());
  for (const std::string& uri : spec.uris) RETURN_IF_ERROR(Push(names.get(), GEN_URI, uri));
  if (!spec.dns.empty()) RETURN_IF_ERROR(Push(names.get(), GEN_DNS, spec.dns));
  return Check(X509_add1_ext_i2d(certificate, NID_subject_alt_name, names.get(), 0, X509V3_ADD_DEFAULT) == 1,
               "add the subject alternative names");
}

Status AddExtensions(X509* certificate, const CertificateSpec& spec, const Issuer* issuer) {
  X509V3_CTX context;
  X509V3_set_ctx_nodb(&context);
  X509V3_set_ctx(&context, const_cast<X509*>(issuer ? &issuer->certificate : certificate), certificate, nullptr,
                 nullptr, 0);
  const auto add = [&](int nid, const std::string& value) { return AddExtension(certificate, context, nid, value); };
  RETURN_IF_ERROR(add(NID_basic_constraints, spec.authority ? "critical,CA:TRUE,pathlen:0" : "critical,CA:FALSE"));
  RETURN_IF_ERROR(add(NID_key_usage, spec.authority ? "critical,keyCertSign,cRLSign" : "critical,digitalSignature"));
  RETURN_IF_ERROR(add(NID_subject_key_identifier, "hash"));
  RETURN_IF_ERROR(add(NID_authority_key_identifier, "keyid"));
  if (!spec.extended_key_usage.empty()) RETURN_IF_ERROR(add(NID_ext_key_usage, spec.extended_key_usage));
  return AddAlternativeNames(certificate, spec);
}

}  // namespace

Result<KeyPtr> MakeKey() {
  KeyPtr key(EVP_EC_gen("P-256"));
  if (!key) return OpenSslStatus("make a P-256 key");
  return key;
}

Result<CertificatePtr> MakeCertificate(const CertificateSpec& spec, EVP_PKEY& subject_key, const Issuer* issuer) {
  CertificatePtr certificate(X509_new());
  if (!certificate) return OpenSslStatus("make a certificate");
  X509* const x509 = certificate.get();
  RETURN_IF_ERROR(Check(X509_set_version(x509, kVersion3) == 1, "set the version of a certificate"));
  RETURN_IF_ERROR(SetSerial(x509));
  RETURN_IF_ERROR(SetTimes(x509, spec));
  RETURN_IF_ERROR(SetNames(x509, spec.common_name, issuer));
  RETURN_IF_ERROR(Check(X509_set_pubkey(x509, &subject_key) == 1, "set the key of a certificate"));
  RETURN_IF_ERROR(AddExtensions(x509, spec, issuer));
  EVP_PKEY* const signer = issuer ? &issuer->key : &subject_key;
  RETURN_IF_ERROR(Check(X509_sign(x509, signer, EVP_sha256()) > 0, "sign a certificate"));
  return certificate;
}

}  // namespace ballast
