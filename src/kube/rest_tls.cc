#include "kube/rest_tls.h"

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509_vfy.h>

#include <utility>
#include <vector>

#include "base/strings.h"
#include "identity/openssl_ptr.h"
#include "identity/pem.h"

namespace ballast {
namespace {

Status ExpectName(SSL_CTX* context, const std::string& host) {
  X509_VERIFY_PARAM* const param = SSL_CTX_get0_param(context);
  X509_VERIFY_PARAM_set_hostflags(param, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
  if (X509_VERIFY_PARAM_set1_ip_asc(param, host.c_str()) == 1) return OkStatus();
  if (X509_VERIFY_PARAM_set1_host(param, host.c_str(), host.size()) == 1) return OkStatus();
  return InvalidArgument(StrCat("the server's name ", Quoted(host), " cannot be checked"));
}

Status Trust(SSL_CTX* context, const std::string& pem) {
  ASSIGN_OR_RETURN(const auto certificates, ParseCertificates(pem));
  TrustPtr trust(X509_STORE_new());
  for (const CertificatePtr& certificate : certificates) X509_STORE_add_cert(trust.get(), certificate.get());
  SSL_CTX_set_cert_store(context, trust.release());
  return OkStatus();
}

Status Show(SSL_CTX* context, const std::string& chain_pem, const std::string& key_pem) {
  ASSIGN_OR_RETURN(const auto chain, ParseCertificates(chain_pem));
  ASSIGN_OR_RETURN(const KeyPtr key, ParseKey(key_pem));
  bool shown = SSL_CTX_use_certificate(context, chain.front().get()) == 1;
  for (size_t i = 1; i < chain.size(); ++i) shown = shown && SSL_CTX_add1_chain_cert(context, chain[i].get()) == 1;
  if (shown && SSL_CTX_use_PrivateKey(context, key.get()) == 1) return OkStatus();
  ERR_clear_error();
  return InvalidArgument("the client certificate and its key do not belong together");
}

}  // namespace

std::string HostOf(const std::string& server) {
  const size_t scheme = server.find("://");
  const size_t begin = scheme == std::string::npos ? 0 : scheme + 3;
  return server.substr(begin, server.find_first_of(":/", begin) - begin);
}

RestTls::RestTls(KubeAccess access) : access_(std::move(access)), host_(HostOf(access_.server)) {}

void RestTls::Prepare(SSL_CTX* context) {
  SetProblem("");
  SSL_CTX_set_cert_verify_callback(context, &RestTls::Verify, this);
  SSL_CTX_set_verify(context, SSL_VERIFY_PEER, nullptr);
  const Status loaded = Load(context);
  if (loaded.ok()) return;
  SSL_CTX_set_cert_store(context, X509_STORE_new());
  SetProblem(loaded.message());
}

Status RestTls::Load(SSL_CTX* context) const {
  SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION);
  RETURN_IF_ERROR(ExpectName(context, host_));
  ASSIGN_OR_RETURN(const std::string ca, access_.ca.Read());
  if (!access_.ca.empty()) RETURN_IF_ERROR(Trust(context, ca).WithContext("the server's CA"));
  if (access_.client_certificate.empty()) return OkStatus();
  ASSIGN_OR_RETURN(const std::string chain, access_.client_certificate.Read());
  ASSIGN_OR_RETURN(const std::string key, access_.client_key.Read());
  return Show(context, chain, key).WithContext("the client certificate");
}

// In place of OpenSSL's own verification, to keep the reason.
int RestTls::Verify(X509_STORE_CTX* chain, void* self) {
  auto* const tls = static_cast<RestTls*>(self);
  if (X509_verify_cert(chain) == 1) return 1;
  const std::string reason = X509_verify_cert_error_string(X509_STORE_CTX_get_error(chain));
  if (tls->problem().empty()) tls->SetProblem(StrCat("the server's certificate: ", reason));
  return 0;
}

std::string RestTls::problem() const {
  MutexLock lock(mutex_);
  return problem_;
}

void RestTls::SetProblem(std::string problem) {
  MutexLock lock(mutex_);
  problem_ = std::move(problem);
}

}  // namespace ballast
