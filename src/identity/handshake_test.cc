// Both ends of real handshakes in this process, over memory: whom each side lets in, and what it says to the others.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/strings.h"
#include "base/testing/fake_clock.h"
#include "identity/authority.h"
#include "identity/certificate_builder.h"
#include "identity/pem.h"
#include "identity/tls_context.h"

namespace ballast {
namespace {

using std::chrono::hours;
using ::testing::HasSubstr;

const WallTime kNow = FakeClock().Now();
const PeerIdentity kServer = PeerIdentity::Node("server").value();
const PeerIdentity kClient = PeerIdentity::Node("client").value();

const CertificateAuthority& Ca() {
  static const CertificateAuthority ca = CertificateAuthority::Create(kNow).value();
  return ca;
}

Credentials Issued(const CertificateAuthority& ca, const PeerIdentity& subject) {
  const IssuedCertificate issued = ca.Issue(subject, kNow).value();
  return {Ca().CertificatePem().value(), issued.certificate, issued.key};
}

// As the cluster's CA would issue it to the client, but for what a case changes.
CertificateSpec GoodSpec() {
  return {.common_name = "client",
          .uris = {kClient.Uri()},
          .extended_key_usage = "serverAuth,clientAuth",
          .not_before = kNow - hours(1),
          .not_after = kNow + hours(1)};
}

enum class Signer { kCa, kItself };

Credentials Made(const CertificateSpec& spec, Signer signer = Signer::kCa) {
  const KeyPtr ca_key = ParseKey(Ca().KeyPem().value()).value();
  const Issuer issuer{Ca().certificate(), *ca_key};
  const KeyPtr key = MakeKey().value();
  const CertificatePtr made = MakeCertificate(spec, *key, signer == Signer::kCa ? &issuer : nullptr).value();
  return {Ca().CertificatePem().value(), PemOf(*made).value(), PemOf(*key).value()};
}

template <typename Change>
Credentials With(Change change, Signer signer = Signer::kCa) {
  CertificateSpec spec = GoodSpec();
  change(spec);
  return Made(spec, signer);
}

Status AdmitClient(const PeerIdentity& peer) {
  return peer == kClient ? OkStatus() : PermissionDenied(StrCat(peer, " is no member"));
}

TlsSession ServerOf(const Credentials& credentials) {
  return TlsContext::Create(credentials).value()->Server(AdmitClient, kNow).value();
}
TlsSession ClientOf(const Credentials& credentials) {
  return TlsContext::Create(credentials).value()->Client(kServer, kNow).value();
}

void Join(SSL* a, SSL* b) {
  BIO* left = nullptr;
  BIO* right = nullptr;
  ASSERT_EQ(BIO_new_bio_pair(&left, 1 << 16, &right, 1 << 16), 1);
  SSL_set_bio(a, left, left);
  SSL_set_bio(b, right, right);
}

struct End {
  int result = 0;
  bool done = false;
};

void Step(SSL* ssl, End& end) {
  if (end.done) return;
  end.result = SSL_do_handshake(ssl);
  end.done = end.result == 1 || SSL_get_error(ssl, end.result) != SSL_ERROR_WANT_READ;
}

// Each end until it is done or waits for ever.
std::pair<End, End> Shake(SSL* server, SSL* client) {
  End at_server, at_client;
  for (int turn = 0; turn < 10; ++turn) {
    Step(client, at_client);
    Step(server, at_server);
  }
  return {at_server, at_client};
}

struct Outcome {
  Status server;
  Status client;
};

Outcome Handshake(const TlsSession& server, const TlsSession& client) {
  Join(server.ssl(), client.ssl());
  const auto [at_server, at_client] = Shake(server.ssl(), client.ssl());
  Outcome outcome;
  if (at_server.result != 1) outcome.server = server.Error(at_server.result, "accept");
  char byte = 0;
  // In TLS 1.3 the client is done before the server has looked at its certificate; the refusal comes with the first
  // read.
  const int read = at_client.result == 1 ? SSL_read(client.ssl(), &byte, 1) : at_client.result;
  if (at_client.result != 1 || SSL_get_error(client.ssl(), read) != SSL_ERROR_WANT_READ)
    outcome.client = client.Error(read, "connect");
  return outcome;
}

TEST(HandshakeTest, TwoNodesOfOneClusterKnowEachOtherByName) {
  const TlsSession server = ServerOf(Issued(Ca(), kServer));
  const TlsSession client = ClientOf(Issued(Ca(), kClient));
  const Outcome outcome = Handshake(server, client);
  EXPECT_TRUE(outcome.server.ok()) << outcome.server;
  EXPECT_TRUE(outcome.client.ok()) << outcome.client;
  EXPECT_EQ(server.peer(), kClient);
  EXPECT_EQ(client.peer(), kServer);
  EXPECT_EQ(SSL_version(client.ssl()), TLS1_3_VERSION);
  EXPECT_EQ(SSL_SESSION_is_resumable(SSL_get0_session(client.ssl())), 0);
}

struct WrongClient {
  std::string name;
  Credentials credentials;
  StatusCode code;
  std::string server_says;
};

std::vector<WrongClient> WrongClients() {
  const CertificateAuthority other = CertificateAuthority::Create(kNow).value();
  const PeerIdentity stranger = PeerIdentity::Node("stranger").value();
  constexpr auto kNot = StatusCode::kUnauthenticated;
  return {
      {"wrong CA", Issued(other, kClient), kNot, "another CA than this cluster's"},
      {"expired", With([](auto& s) { s.not_after = kNow - hours(1); }), kNot, "has expired (valid from "},
      {"not yet valid", With([](auto& s) { s.not_before = kNow + hours(1); }), kNot, "compare the clocks"},
      {"signed by itself", With([](auto&) {}, Signer::kItself), kNot, "is signed by itself"},
      {"another node", Issued(Ca(), stranger), StatusCode::kPermissionDenied, "node stranger is no member"},
      {"the operator", Issued(Ca(), PeerIdentity::Operator()), StatusCode::kPermissionDenied,
       "the operator is no member"},
      {"for servers only", With([](auto& s) { s.extended_key_usage = "serverAuth"; }), kNot, "is not for this use"},
      {"for mail", With([](auto& s) { s.extended_key_usage = "emailProtection"; }), kNot, "is not for this use"},
      {"for no use at all", With([](auto& s) { s.extended_key_usage = ""; }), kNot, "is not for this use"},
      {"an authority", With([](auto& s) { s.authority = true; }), kNot, "the certificate "},
      {"two names", With([](auto& s) { s.uris.emplace_back("ballast://node/b"); }), kNot, "more than one URI"},
      {"foreign scheme", With([](auto& s) { s.uris = {"spiffe://c/client"}; }), kNot, "\"spiffe://c/client\""},
      {"no name", With([](auto& s) { s.uris.clear(); }), kNot, "names no URI"},
      {"bad name", With([](auto& s) { s.uris = {"ballast://node/Client"}; }), kNot, "is not a node name"},
  };
}

TEST(HandshakeTest, AServerRefusesEveryWrongClientAndTheClientLearnsIt) {
  for (const WrongClient& wrong : WrongClients()) {
    SCOPED_TRACE(wrong.name);
    const TlsSession server = ServerOf(Issued(Ca(), kServer));
    const Outcome outcome = Handshake(server, ClientOf(wrong.credentials));
    EXPECT_EQ(outcome.server.code(), wrong.code);
    EXPECT_THAT(outcome.server.message(), HasSubstr(wrong.server_says));
    EXPECT_FALSE(server.peer().has_value());
    EXPECT_EQ(outcome.client.code(), StatusCode::kUnauthenticated) << outcome.client;
    EXPECT_THAT(outcome.client.message(), HasSubstr("the peer refuses us"));
  }
}

TEST(HandshakeTest, AClientRefusesEveryServerThatIsNotTheOneItAskedFor) {
  const auto named = [](auto change) {
    return With([&change](CertificateSpec& s) {
      s.uris = {kServer.Uri()};
      change(s);
    });
  };
  const CertificateAuthority other = CertificateAuthority::Create(kNow).value();
  const std::tuple<std::string, Credentials, std::string> cases[] = {
      {"another node", Issued(Ca(), kClient), "this is node client, not node server"},
      {"the operator", Issued(Ca(), PeerIdentity::Operator()), "this is the operator, not node server"},
      {"wrong CA", Issued(other, kServer), "another CA"},
      {"expired", named([](auto& s) { s.not_after = kNow - hours(1); }), "has expired"},
      {"not yet valid", named([](auto& s) { s.not_before = kNow + hours(1); }), "not valid yet"},
      {"for clients only", named([](auto& s) { s.extended_key_usage = "clientAuth"; }), "is not for this use"},
      {"two names", named([](auto& s) { s.uris.emplace_back("ballast://node/b"); }), "more than one URI"},
  };
  for (const auto& [name, credentials, reason] : cases) {
    SCOPED_TRACE(name);
    const TlsSession client = ClientOf(Issued(Ca(), kClient));
    const Outcome outcome = Handshake(ServerOf(credentials), client);
    EXPECT_EQ(outcome.client.code(), StatusCode::kUnauthenticated);
    EXPECT_THAT(outcome.client.message(), HasSubstr(reason));
    EXPECT_FALSE(client.peer().has_value());
    EXPECT_EQ(outcome.server.code(), StatusCode::kUnauthenticated) << outcome.server;
  }
}

// A client that is not ours.
SslPtr ForeignClient(int version) {
  const SslContextPtr context(SSL_CTX_new(TLS_client_method()));
  EXPECT_EQ(SSL_CTX_set_max_proto_version(context.get(), version), 1);
  SslPtr ssl(SSL_new(context.get()));
  SSL_set_connect_state(ssl.get());
  return ssl;
}

TEST(HandshakeTest, AForeignClientWithoutCertificateOrWithOldTlsIsRefused) {
  const std::pair<int, std::string> cases[] = {
      {TLS1_3_VERSION, "the peer shows no certificate"},
      {TLS1_2_VERSION, "TLS 1.3 is needed"},
  };
  for (const auto& [version, reason] : cases) {
    const TlsSession server = ServerOf(Issued(Ca(), kServer));
    const SslPtr client = ForeignClient(version);
    Join(server.ssl(), client.get());
    const auto [at_server, at_client] = Shake(server.ssl(), client.get());
    EXPECT_NE(at_server.result, 1);
    const Status status = server.Error(at_server.result, "accept");
    EXPECT_EQ(status.code(), StatusCode::kUnauthenticated);
    EXPECT_THAT(status.message(), HasSubstr(reason));
    EXPECT_FALSE(server.peer().has_value());
  }
}

TEST(HandshakeTest, WhatIsNoTlsIsRefusedInWords) {
  const TlsSession server = ServerOf(Issued(Ca(), kServer));
  BIO* const input = BIO_new(BIO_s_mem());
  ASSERT_GT(BIO_puts(input, "GET /v1/blobs HTTP/1.1\r\n\r\n"), 0);
  SSL_set_bio(server.ssl(), input, BIO_new(BIO_s_mem()));
  const Status status = server.Error(SSL_do_handshake(server.ssl()), "accept");
  EXPECT_EQ(status, Unauthenticated("accept: the peer does not speak TLS"));
}

TEST(HandshakeTest, WhileTheCaIsReplacedBothAreTrusted) {
  const CertificateAuthority next = CertificateAuthority::Create(kNow).value();
  Credentials server = Issued(Ca(), kServer);
  Credentials client = Issued(next, kClient);
  server.ca += next.CertificatePem().value();
  client.ca += next.CertificatePem().value();
  const Outcome outcome = Handshake(ServerOf(server), ClientOf(client));
  EXPECT_TRUE(outcome.server.ok()) << outcome.server;
  EXPECT_TRUE(outcome.client.ok()) << outcome.client;
}

TEST(HandshakeTest, CredentialsThatDoNotFitTogetherMakeNoContext) {
  const Credentials good = Issued(Ca(), kServer);
  const Credentials other = Issued(Ca(), kClient);
  const std::pair<Credentials, std::string> cases[] = {
      {{good.ca, good.certificate, other.key}, "the key is not the certificate's"},
      {{good.certificate, good.certificate, good.key}, "CA: the certificate is no CA's"},
      {{"", good.certificate, good.key}, "CA: holds no PEM certificate"},
      {{good.ca, good.key, good.key}, "certificate: holds no PEM certificate"},
      {{good.ca, good.certificate, good.ca}, "key: holds no PEM private key"},
  };
  for (const auto& [credentials, reason] : cases) {
    const auto context = TlsContext::Create(credentials);
    ASSERT_FALSE(context.ok()) << reason;
    EXPECT_THAT(context.status().message(), HasSubstr(reason));
  }
}

}  // namespace
}  // namespace ballast
