#include "peering/peer_tls.h"

#include <grpcpp/security/credentials.h>
#include <grpcpp/security/server_credentials.h>
#include <grpcpp/security/tls_certificate_provider.h>
#include <grpcpp/security/tls_certificate_verifier.h>
#include <grpcpp/security/tls_credentials_options.h>
#include <openssl/x509v3.h>

#include <cstdlib>
#include <mutex>
#include <utility>

#include "base/strings.h"
#include "identity/certificate_check.h"
#include "identity/pem.h"
#include "peering/grpc_status.h"

namespace ballast {
namespace {

namespace tls = grpc::experimental;

// Behind gRPC's own verification of the chain, in every handshake.
class PeerVerifier final : public tls::ExternalCertificateVerifier {
 public:
  struct Rules {
    AdmitPeer admit;
    uint32_t role = 0;  // XKU_SSL_*: what the peer's certificate must be for
    ClientCertificate certificate = ClientCertificate::kRequired;
  };
  PeerVerifier(Rules rules, const Clock& clock) : rules_(std::move(rules)), clock_(clock) {}

  bool Verify(tls::TlsCustomVerificationCheckRequest* request, std::function<void(grpc::Status)> /*callback*/,
              grpc::Status* sync_status) override {
    const grpc::string_ref pem = request->peer_cert();
    *sync_status = ToGrpcStatus(Check({pem.data(), pem.size()}));
    return true;
  }
  void Cancel(tls::TlsCustomVerificationCheckRequest* /*request*/) override {}

 private:
  Status Check(std::string_view pem) const {
    if (pem.empty()) {
      const bool fine = rules_.certificate == ClientCertificate::kOptional;
      return fine ? OkStatus() : Unauthenticated("the peer shows no certificate");
    }
    ASSIGN_OR_RETURN(const std::vector<CertificatePtr> chain, ParseCertificates(pem));
    const X509& certificate = *chain.front();
    RETURN_IF_ERROR(CheckUsage(certificate, rules_.role));
    // The chain was verified against OpenSSL's clock, but not where a session is resumed.
    ASSIGN_OR_RETURN(const Validity validity, ValidityOf(certificate));
    const WallTime now = clock_.Now();
    if (now < validity.not_before || now > validity.not_after)
      return Unauthenticated("the peer's certificate is not valid now");
    ASSIGN_OR_RETURN(const PeerIdentity identity, PeerIdentity::FromCertificate(certificate));
    return rules_.admit(identity);
  }

  const Rules rules_;
  const Clock& clock_;
};

std::shared_ptr<tls::CertificateProviderInterface> ProviderOf(const Credentials& own) {
  std::vector<tls::IdentityKeyCertPair> pairs;
  if (!own.certificate.empty()) pairs.push_back({.private_key = own.key, .certificate_chain = own.certificate});
  return std::make_shared<tls::StaticDataCertificateProvider>(own.ca, pairs);
}

void Fill(const Credentials& own, PeerVerifier::Rules rules, const Clock& clock, tls::TlsCredentialsOptions& options) {
  options.watch_root_certs();
  if (!own.certificate.empty()) options.watch_identity_key_cert_pairs();
  options.set_certificate_verifier(tls::ExternalCertificateVerifier::Create<PeerVerifier>(std::move(rules), clock));
  options.set_check_call_host(false);  // the name that counts is in the certificate
}

}  // namespace

void AllowOnlyTls13() {
  static std::once_flag once;
  std::call_once(once, [] { ::setenv("GRPC_SSL_CIPHER_SUITES", "PSK-AES256-GCM-SHA384", 1); });
}

std::shared_ptr<grpc::ChannelCredentials> MakeChannelCredentials(const Credentials& own, const PeerIdentity& server,
                                                                 const Clock& clock) {
  AllowOnlyTls13();
  tls::TlsChannelCredentialsOptions options;
  options.set_certificate_provider(ProviderOf(own));
  options.set_verify_server_certs(true);
  const AdmitPeer only = [server](const PeerIdentity& found) {
    return found == server ? OkStatus() : Unauthenticated(StrCat("this is ", found, ", not ", server));
  };
  Fill(own, {.admit = only, .role = XKU_SSL_SERVER}, clock, options);
  return tls::TlsCredentials(options);
}

std::shared_ptr<grpc::ServerCredentials> MakeServerCredentials(const Credentials& own, AdmitPeer admit,
                                                               const Clock& clock, ClientCertificate certificate) {
  AllowOnlyTls13();
  tls::TlsServerCredentialsOptions options(ProviderOf(own));
  options.set_cert_request_type(certificate == ClientCertificate::kRequired
                                    ? GRPC_SSL_REQUEST_AND_REQUIRE_CLIENT_CERTIFICATE_AND_VERIFY
                                    : GRPC_SSL_REQUEST_CLIENT_CERTIFICATE_AND_VERIFY);
  Fill(own, {.admit = std::move(admit), .role = XKU_SSL_CLIENT, .certificate = certificate}, clock, options);
  return tls::TlsServerCredentials(options);
}

}  // namespace ballast
