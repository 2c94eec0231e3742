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
  PeerVerifier(AdmitPeer admit, uint32_t role, const Clock& clock)
      : admit_(std::move(admit)), role_(role), clock_(clock) {}

  bool Verify(tls::TlsCustomVerificationCheckRequest* request, std::function<void(grpc::Status)> /*callback*/,
              grpc::Status* sync_status) override {
    const grpc::string_ref pem = request->peer_cert();
    *sync_status = ToGrpcStatus(Check({pem.data(), pem.size()}));
    return true;
  }
  void Cancel(tls::TlsCustomVerificationCheckRequest* /*request*/) override {}

 private:
  Status Check(std::string_view pem) const {
    if (pem.empty()) return Unauthenticated("the peer shows no certificate");
    ASSIGN_OR_RETURN(const std::vector<CertificatePtr> chain, ParseCertificates(pem));
    const X509& certificate = *chain.front();
    RETURN_IF_ERROR(CheckUsage(certificate, role_));
    // The chain was verified against OpenSSL's clock, but not where a session is resumed.
    ASSIGN_OR_RETURN(const Validity validity, ValidityOf(certificate));
    const WallTime now = clock_.Now();
    if (now < validity.not_before || now > validity.not_after)
      return Unauthenticated("the peer's certificate is not valid now");
    ASSIGN_OR_RETURN(const PeerIdentity identity, PeerIdentity::FromCertificate(certificate));
    return admit_(identity);
  }

  const AdmitPeer admit_;
  const uint32_t role_;
  const Clock& clock_;
};

std::shared_ptr<tls::CertificateProviderInterface> ProviderOf(const Credentials& own) {
  return std::make_shared<tls::StaticDataCertificateProvider>(
      own.ca, std::vector<tls::IdentityKeyCertPair>{{.private_key = own.key, .certificate_chain = own.certificate}});
}

void Fill(AdmitPeer admit, uint32_t peer_role, const Clock& clock, tls::TlsCredentialsOptions& options) {
  options.watch_root_certs();
  options.watch_identity_key_cert_pairs();
  options.set_certificate_verifier(
      tls::ExternalCertificateVerifier::Create<PeerVerifier>(std::move(admit), peer_role, clock));
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
  Fill(only, XKU_SSL_SERVER, clock, options);
  return tls::TlsCredentials(options);
}

std::shared_ptr<grpc::ServerCredentials> MakeServerCredentials(const Credentials& own, AdmitPeer admit,
                                                               const Clock& clock) {
  AllowOnlyTls13();
  tls::TlsServerCredentialsOptions options(ProviderOf(own));
  options.set_cert_request_type(GRPC_SSL_REQUEST_AND_REQUIRE_CLIENT_CERTIFICATE_AND_VERIFY);
  Fill(std::move(admit), XKU_SSL_CLIENT, clock, options);
  return tls::TlsServerCredentials(options);
}

}  // namespace ballast
