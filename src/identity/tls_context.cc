#include "identity/tls_context.h"

#include "base/logging.h"
#include "base/strings.h"
#include "identity/certificate_check.h"
#include "identity/openssl_status.h"

namespace ballast {
namespace {

// AES-128 first: the fastest of the three where the CPU has AES, and no weaker for a connection's life.
constexpr char kCiphers[] = "TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256";

// OpenSSL has verified the chain; what is left is ours: the usage, the name, and whether that one may come in.
Result<PeerIdentity> Admit(const X509& certificate, const TlsSession::State& state) {
  RETURN_IF_ERROR(CheckUsage(certificate, state.peer_role));
  ASSIGN_OR_RETURN(PeerIdentity identity, PeerIdentity::FromCertificate(certificate));
  RETURN_IF_ERROR(state.admit(identity));
  return identity;
}

// Called by OpenSSL in place of its own verification (SSL_CTX_set_cert_verify_callback); 1 lets the peer in.
int VerifyPeer(X509_STORE_CTX* chain, void*) {
  auto* const ssl = static_cast<SSL*>(X509_STORE_CTX_get_ex_data(chain, SSL_get_ex_data_X509_STORE_CTX_idx()));
  auto& state = *static_cast<TlsSession::State*>(SSL_get_app_data(ssl));
  if (X509_verify_cert(chain) != 1) {
    state.refusal = RefusedChain(X509_STORE_CTX_get_error(chain), X509_STORE_CTX_get_current_cert(chain));
    return 0;
  }
  const auto identity = Admit(*X509_STORE_CTX_get0_cert(chain), state);
  if (!identity.ok()) {
    state.refusal = identity.status();
    X509_STORE_CTX_set_error(chain, X509_V_ERR_APPLICATION_VERIFICATION);
    return 0;
  }
  state.peer = *identity;
  return 1;
}

bool OnlyTls13(SSL_CTX* context) {
  SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
  SSL_CTX_set_options(context, SSL_OP_NO_TICKET);
  return SSL_CTX_set_min_proto_version(context, TLS1_3_VERSION) == 1 &&
         SSL_CTX_set_max_proto_version(context, TLS1_3_VERSION) == 1 &&
         SSL_CTX_set_ciphersuites(context, kCiphers) == 1 && SSL_CTX_set_num_tickets(context, 0) == 1;
}

bool Show(SSL_CTX* context, const ParsedCredentials& own) {
  if (SSL_CTX_use_certificate(context, own.chain.front().get()) != 1) return false;
  for (size_t i = 1; i < own.chain.size(); ++i) {
    if (SSL_CTX_add1_chain_cert(context, own.chain[i].get()) != 1) return false;
  }
  return SSL_CTX_use_PrivateKey(context, own.key.get()) == 1;
}

Result<SslContextPtr> ContextThatShows(const ParsedCredentials& own) {
  SslContextPtr context(SSL_CTX_new(TLS_method()));
  if (!context || !OnlyTls13(context.get()) || !Show(context.get(), own)) return OpenSslStatus("set TLS up");
  return context;
}

Result<std::shared_ptr<SSL_CTX>> OneSidedContext(const Credentials& credentials) {
  ASSIGN_OR_RETURN(const ParsedCredentials own, Parse(credentials));
  ASSIGN_OR_RETURN(SslContextPtr context, ContextThatShows(own));
  return std::shared_ptr<SSL_CTX>(std::move(context));
}

}  // namespace

Result<std::shared_ptr<const TlsContext>> TlsContext::Create(const Credentials& credentials) {
  ASSIGN_OR_RETURN(const ParsedCredentials own, Parse(credentials));
  ASSIGN_OR_RETURN(SslContextPtr context, ContextThatShows(own));
  SSL_CTX_set1_cert_store(context.get(), own.trust.get());
  SSL_CTX_set_verify(context.get(), SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, nullptr);
  SSL_CTX_set_cert_verify_callback(context.get(), VerifyPeer, nullptr);
  return std::shared_ptr<const TlsContext>(new TlsContext(std::move(context)));
}

Result<TlsSession> TlsContext::Session(AdmitPeer admit, uint32_t peer_role, WallTime now) const {
  SslPtr ssl(SSL_new(context_.get()));
  if (!ssl) return OpenSslStatus("begin a TLS session");
  auto state = std::make_unique<TlsSession::State>(TlsSession::State{std::move(admit), peer_role, std::nullopt, {}});
  SSL_set_app_data(ssl.get(), state.get());
  X509_VERIFY_PARAM_set_time(SSL_get0_param(ssl.get()), std::chrono::system_clock::to_time_t(now));
  return TlsSession(std::move(ssl), std::move(state));
}

Result<TlsSession> TlsContext::Client(const PeerIdentity& peer, WallTime now) const {
  const AdmitPeer only = [peer](const PeerIdentity& found) {
    return found == peer ? OkStatus() : Unauthenticated(StrCat("this is ", found, ", not ", peer));
  };
  ASSIGN_OR_RETURN(TlsSession session, Session(only, XKU_SSL_SERVER, now));
  SSL_set_connect_state(session.ssl());
  return session;
}

Result<TlsSession> TlsContext::Server(AdmitPeer admit, WallTime now) const {
  ASSIGN_OR_RETURN(TlsSession session, Session(std::move(admit), XKU_SSL_CLIENT, now));
  SSL_set_accept_state(session.ssl());
  return session;
}

std::shared_ptr<SSL_CTX> OneSidedTls::Current() {
  std::shared_ptr<const Credentials> now = credentials_();
  if (now == shown_) return context_;
  shown_ = std::move(now);
  context_ = nullptr;
  if (shown_ == nullptr) return nullptr;
  auto made = OneSidedContext(*shown_);
  if (made.ok()) {
    context_ = *std::move(made);
  } else {
    LOG(WARNING) << Message("No TLS with this certificate").With("error", made.status());
  }
  return context_;
}

}  // namespace ballast
