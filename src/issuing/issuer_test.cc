// The issuer's client and server on loopback: who is let in to which call.
#include <gmock/gmock.h>
#include <grpcpp/create_channel.h>
#include <gtest/gtest.h>

#include <atomic>
#include <map>

#include "identity/authority.h"
#include "identity/certificate_builder.h"
#include "identity/pem.h"
#include "issuing/issuer_client.h"
#include "issuing/issuer_server.h"
#include "issuing/key_proof.h"
#include "proto/issuer.grpc.pb.h"

namespace ballast {
namespace {

using std::chrono::hours;
using std::chrono::seconds;
using testing::HasSubstr;

const RealClock kClock;
const CallLimit kLimit{.timeout = seconds(20), .stop = {}};

CertificateAuthority NewCa() { return CertificateAuthority::Create(kClock.Now()).value(); }
const CertificateAuthority& Ca() {
  static const auto* const kCa = new CertificateAuthority(NewCa());
  return *kCa;
}

Credentials Issued(const CertificateAuthority& by, const PeerIdentity& subject) {
  IssuedCertificate made = by.Issue(subject, kClock.Now()).value();
  return {.ca = Ca().CertificatePem().value(), .certificate = made.certificate, .key = made.key};
}
Credentials OperatorsOwn() { return Issued(Ca(), PeerIdentity::Operator()); }
Credentials Of(const std::string& node) { return Issued(Ca(), PeerIdentity::Node(node).value()); }

// A certificate that is wrong in one way.
template <typename Change>
Credentials Wrong(const std::string& uri, Change change) {
  CertificateSpec spec{.common_name = "x",
                       .uris = {uri},
                       .extended_key_usage = "serverAuth,clientAuth",
                       .not_before = kClock.Now() - hours(1),
                       .not_after = kClock.Now() + hours(1)};
  change(spec);
  const KeyPtr ca_key = ParseKey(Ca().KeyPem().value()).value();
  const Issuer issuer{Ca().certificate(), *ca_key};
  const KeyPtr key = MakeKey().value();
  const CertificatePtr made = MakeCertificate(spec, *key, &issuer).value();
  return {.ca = Ca().CertificatePem().value(), .certificate = PemOf(*made).value(), .key = PemOf(*key).value()};
}

// Knows the token "t-NODE" of every node, and gives each node its own name as every origin's token.
class TestIssuer final : public IssuerService {
 public:
  Result<IssuedChain> IssueCertificate(const CertificateOrder& order, const std::stop_token& /*stop*/) override {
    ++calls;
    if (!order.token.starts_with("t-")) return Unauthenticated("this token is none of mine");
    ASSIGN_OR_RETURN(const KeyPtr key, ParsePublicKey(order.public_key));
    RETURN_IF_ERROR(CheckKeyProof(*key, order.token, order.proof));
    ASSIGN_OR_RETURN(const PeerIdentity node, PeerIdentity::Node(order.token.substr(2)));
    ASSIGN_OR_RETURN(const CertificatePtr certificate, Ca().Sign(node, *key, kClock.Now()));
    return IssuedChain{.certificate = PemOf(*certificate).value(), .ca = Ca().CertificatePem().value()};
  }
  Result<std::string> OriginToken(const std::string& node, const std::string& cache,
                                  const std::stop_token& /*stop*/) override {
    ++calls;
    if (cache == "none") return NotFound("it needs no token");
    return node + " " + cache;
  }

  std::atomic<int> calls = 0;
};

class IssuerTest : public testing::Test {
 protected:
  void Start(Credentials own) { StartWith(std::make_shared<const Credentials>(std::move(own))); }
  void StartWith(std::shared_ptr<const Credentials> own) {
    own_ = std::move(own);
    auto started = IssuerServer::Start(
        {.host = "127.0.0.1"}, {.service = service_, .credentials = [this] { return own_.load(); }, .clock = kClock});
    ASSERT_TRUE(started.ok()) << started.status();
    server_ = *std::move(started);
    addresses_ = {{"127.0.0.1", server_->port()}};
  }
  Result<Credentials> Order(const std::string& node, const std::string& token) {
    return client_.IssueCertificate({.node = node, .ca = Ca().CertificatePem().value(), .token = token}, kLimit);
  }
  StatusCode CodeOfToken(const Credentials& own, const std::string& cache = "c") {
    return client_.OriginToken(own, cache, kLimit).status().code();
  }

  TestIssuer service_;
  std::atomic<std::shared_ptr<const Credentials>> own_;
  std::unique_ptr<IssuerServer> server_;
  std::vector<IssuerAddress> addresses_;
  IssuerClient client_{{.addresses = [this] { return addresses_; }, .clock = kClock}};
};

TEST_F(IssuerTest, ANodeObtainsItsCertificateAndWithItTokens) {
  Start(OperatorsOwn());
  const auto issued = Order("node-1", "t-node-1");
  ASSERT_TRUE(issued.ok()) << issued.status();
  const auto facts = Check(*issued, kClock.Now());
  ASSERT_TRUE(facts.ok()) << facts.status();
  EXPECT_EQ(facts->identity.node(), "node-1");
  EXPECT_EQ(client_.OriginToken(*issued, "serving/llama", kLimit).value(), "node-1 serving/llama");
  EXPECT_EQ(CodeOfToken(*issued, "none"), StatusCode::kNotFound);
}

TEST_F(IssuerTest, EachOrderHasAKeyOfItsOwn) {
  Start(OperatorsOwn());
  EXPECT_NE(Order("node-1", "t-node-1")->key, Order("node-1", "t-node-1")->key);
}

TEST_F(IssuerTest, AWrongTokenGetsNoCertificate) {
  Start(OperatorsOwn());
  EXPECT_EQ(Order("node-1", "stolen").status().code(), StatusCode::kUnauthenticated);
  EXPECT_EQ(Order("node-1", "").status().code(), StatusCode::kUnauthenticated);
}

TEST_F(IssuerTest, ACertificateOfAnotherNodeIsNotTaken) {
  Start(OperatorsOwn());
  const auto issued = Order("node-1", "t-node-2");
  EXPECT_EQ(issued.status().code(), StatusCode::kFailedPrecondition);
  EXPECT_THAT(issued.status().message(), HasSubstr("node-2"));
}

TEST_F(IssuerTest, WithoutACertificateOfANodeThereIsNoToken) {
  Start(OperatorsOwn());
  const std::map<std::string, Credentials> wrong = {
      {"none", {.ca = Ca().CertificatePem().value(), .certificate = "", .key = ""}},
      {"wrong CA", Issued(NewCa(), PeerIdentity::Node("node-1").value())},
      {"expired", Wrong("ballast://node/node-1", [](auto& spec) { spec.not_after = kClock.Now() - seconds(1); })},
      {"not yet valid",
       Wrong("ballast://node/node-1", [](auto& spec) { spec.not_before = kClock.Now() + seconds(600); })},
      {"for servers only", Wrong("ballast://node/node-1", [](auto& spec) { spec.extended_key_usage = "serverAuth"; })},
      {"two names", Wrong("ballast://node/node-1", [](auto& spec) { spec.uris.push_back("ballast://node/node-2"); })},
      {"a foreign name", Wrong("spiffe://cluster/node-1", [](auto&) {})},
      {"the operator", OperatorsOwn()},
  };
  for (const auto& [name, credentials] : wrong) {
    const StatusCode code = CodeOfToken(credentials);
    EXPECT_TRUE(code == StatusCode::kUnauthenticated || code == StatusCode::kPermissionDenied ||
                code == StatusCode::kUnavailable)
        << name << StatusCodeName(code);
  }
  EXPECT_EQ(service_.calls, 0);
}

TEST_F(IssuerTest, AClientWithAWrongCertificateGetsNoCertificateEither) {
  Start(OperatorsOwn());
  const Credentials wrong = Issued(NewCa(), PeerIdentity::Node("node-1").value());
  const auto stub =
      issuer::v1::Issuer::NewStub(grpc::CreateChannel("ipv4:127.0.0.1:" + std::to_string(server_->port()),
                                                      MakeChannelCredentials(wrong, PeerIdentity::Operator(), kClock)));
  grpc::ClientContext context;
  context.AddMetadata("authorization", "Bearer t-node-1");
  issuer::v1::IssueCertificateResponse response;
  EXPECT_FALSE(stub->IssueCertificate(&context, {}, &response).ok());
  EXPECT_EQ(service_.calls, 0);
}

TEST_F(IssuerTest, WhoIsNotTheOperatorIsAskedNothing) {
  const std::map<std::string, Credentials> wrong = {
      {"another CA", Issued(NewCa(), PeerIdentity::Operator())},
      {"a node", Of("node-1")},
      {"expired", Wrong("ballast://operator", [](auto& spec) { spec.not_after = kClock.Now() - seconds(1); })},
      {"for clients only", Wrong("ballast://operator", [](auto& spec) { spec.extended_key_usage = "clientAuth"; })},
  };
  for (const auto& [name, credentials] : wrong) {
    Start(credentials);
    EXPECT_EQ(Order("node-1", "t-node-1").status().code(), StatusCode::kUnavailable) << name;
    EXPECT_EQ(CodeOfToken(Of("node-1")), StatusCode::kUnavailable) << name;
  }
  EXPECT_EQ(service_.calls, 0);
}

TEST_F(IssuerTest, PlaintextIsRefused) {
  Start(OperatorsOwn());
  const auto stub = issuer::v1::Issuer::NewStub(
      grpc::CreateChannel("ipv4:127.0.0.1:" + std::to_string(server_->port()), grpc::InsecureChannelCredentials()));
  grpc::ClientContext context;
  context.AddMetadata("authorization", "Bearer t-node-1");
  issuer::v1::IssueCertificateResponse response;
  EXPECT_FALSE(stub->IssueCertificate(&context, {}, &response).ok());
  grpc::ClientContext second;
  issuer::v1::OriginTokenResponse token;
  EXPECT_FALSE(stub->OriginToken(&second, {}, &token).ok());
  EXPECT_EQ(service_.calls, 0);
}

TEST_F(IssuerTest, TheNextReplicaIsAskedWhereOneDoesNotAnswer) {
  Start(OperatorsOwn());
  addresses_.insert(addresses_.begin(), {"127.0.0.1", 1});
  EXPECT_TRUE(Order("node-1", "t-node-1").ok());
  addresses_.pop_back();
  EXPECT_EQ(Order("node-1", "t-node-1").status().code(), StatusCode::kUnavailable);
  addresses_.clear();
  EXPECT_EQ(Order("node-1", "t-node-1").status().code(), StatusCode::kUnavailable);
}

TEST_F(IssuerTest, ANewCertificateOfTheOperatorIsShownWithoutARestart) {
  StartWith(nullptr);
  EXPECT_EQ(CodeOfToken(Of("node-1")), StatusCode::kUnavailable);
  own_ = std::make_shared<const Credentials>(OperatorsOwn());
  EXPECT_EQ(CodeOfToken(Of("node-1")), StatusCode::kOk);
  const CertificateAuthority next = NewCa();
  Credentials renewed = Issued(next, PeerIdentity::Operator());
  renewed.ca = next.CertificatePem().value() + Ca().CertificatePem().value();
  own_ = std::make_shared<const Credentials>(renewed);
  Credentials node = Of("node-1");  // of the CA before, which is trusted a while longer
  node.ca = renewed.ca;
  EXPECT_EQ(CodeOfToken(node), StatusCode::kOk);
  EXPECT_EQ(CodeOfToken(Of("node-1")), StatusCode::kUnavailable);  // it has not heard of the new CA
}

// As cert-manager may supply one.
CertificateAuthority Intermediate() {
  const CertificateSpec spec{.common_name = "between",
                             .not_before = kClock.Now() - hours(1),
                             .not_after = kClock.Now() + hours(1),
                             .authority = true};
  const KeyPtr ca_key = ParseKey(Ca().KeyPem().value()).value();
  const Issuer issuer{Ca().certificate(), *ca_key};
  const KeyPtr key = MakeKey().value();
  const CertificatePtr made = MakeCertificate(spec, *key, &issuer).value();
  return CertificateAuthority::Load(PemOf(*made).value(), PemOf(*key).value()).value();
}

TEST_F(IssuerTest, AnIntermediateCaAloneIsTrustedAndWhatItsRootIssuesIsNot) {
  const CertificateAuthority between = Intermediate();
  Credentials own = Issued(between, PeerIdentity::Operator());
  Credentials node = Issued(between, PeerIdentity::Node("node-1").value());
  own.ca = node.ca = between.CertificatePem().value();
  Start(own);
  EXPECT_EQ(CodeOfToken(node), StatusCode::kOk);
  Credentials of_root = Of("node-1");
  of_root.ca = node.ca;
  EXPECT_EQ(CodeOfToken(of_root), StatusCode::kUnavailable);
}

}  // namespace
}  // namespace ballast
