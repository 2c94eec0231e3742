// The operator's issuer as a node sees it: over TLS on loopback, with an apiserver in memory.
#include "operator/issuer/issuer_desk.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <prometheus/registry.h>

#include <atomic>

#include "api/cache_node.h"
#include "core/digest.h"
#include "identity/certificate_builder.h"
#include "issuing/issuer_client.h"
#include "issuing/issuer_server.h"
#include "issuing/key_proof.h"
#include "kube/base64.h"
#include "kube/testing/token_reviews.h"
#include "operator/testing/cluster.h"

namespace ballast::controller {
namespace {

using std::chrono::seconds;
using testing::HasSubstr;

constexpr char kAgent[] = "system:serviceaccount:ballast-system:ballast-agent";
constexpr char kNodeName[] = "authentication.kubernetes.io/node-name";

Json MakeSecret(const ObjectName& name, const std::string& key, const std::string& value) {
  return {{"apiVersion", "v1"},
          {"kind", "Secret"},
          {"metadata", {{"namespace", name.ns}, {"name", name.name}}},
          {"data", {{key, EncodeBase64(value)}}}};
}

CacheEntry Entry(const std::string& cache, const std::string& domain = "") {
  return {.cache = cache,
          .manifest = Digest::Of(cache).ToString(),
          .source = "hf://org/m@" + std::string(40, 'a'),
          .domain = domain};
}

class IssuerDeskTest : public testing::Test {
 protected:
  IssuerDeskTest() {
    ServeCluster(client_);
    client_.Serve(TokenReviewRules({
        {"agent-1", {kAgent, "ballast", {{kNodeName, {"node-1"}}}}},
        {"agent-2", {kAgent, "ballast", {{kNodeName, {"node-2"}}}}},
        {"pod", {"system:serviceaccount:team:default", "ballast", {{kNodeName, {"node-1"}}}}},
        {"no-node", {kAgent, "ballast", {}}},
        {"apiserver", {kAgent, "https://kubernetes.default.svc", {{kNodeName, {"node-1"}}}}},
    }));
    EXPECT_TRUE(keeper_.Sync({}).ok());
    auto started = IssuerServer::Start(
        {.host = "127.0.0.1"},
        {.service = desk_, .credentials = [this] { return keeper_.credentials(); }, .clock = clock_});
    EXPECT_TRUE(started.ok()) << started.status();
    server_ = *std::move(started);
  }

  void Create(const KubeResource& resource, const Json& object) {
    const auto created = client_.Create(resource, object, {});
    EXPECT_TRUE(created.ok()) << created.status();
  }
  double Counted(const std::string& name, const std::string& code) {
    for (const auto& family : registry_.Collect()) {
      for (const auto& metric : family.metric) {
        if (family.name == name && metric.label.at(0).value == code) return metric.counter.value;
      }
    }
    return 0;
  }
  void ListOn(const std::string& node, std::vector<CacheEntry> caches) {
    CacheNode object;
    object.metadata.name = node;
    object.spec.caches = std::move(caches);
    Create(kCacheNodes, ToJson(object));
  }
  // team/gated, whose Secret is team/hf.
  void CreateGated() {
    ModelCache cache = MakeCache("gated");
    cache.cluster_scoped = false;
    cache.metadata.object_namespace = "team";
    cache.spec.source.token_secret_ref = SecretKeyRef{.name = "hf", .key = "token"};
    Create(kModelCaches, MakeCacheObject(cache));
    domain_ = DomainOf(cache);
    ListOn("node-1", {Entry("team/gated", domain_), Entry("public")});
  }
  Result<Credentials> Order(const std::string& token, const std::string& node = "node-1") {
    return node_.IssueCertificate({.node = node, .ca = keeper_.authority()->trust, .token = token}, kLimit);
  }
  Result<std::string> Token(const std::string& cache, const std::string& as = "agent-1",
                            const std::string& node = "node-1") {
    const auto own = Order(as, node);
    if (!own.ok()) return own.status();
    return node_.OriginToken(*own, cache, kLimit);
  }

  std::string domain_;
  const CallLimit kLimit{.timeout = seconds(20), .stop = {}};
  RealClock clock_;
  FakeKubeClient client_{clock_};
  AuthorityKeeper keeper_{client_, clock_, {}};
  prometheus::Registry registry_;
  IssuerDesk desk_{{.client = client_,
                    .clock = clock_,
                    .authority = [this] { return keeper_.authority(); },
                    .metrics = IssuerMetrics(registry_)}};
  std::unique_ptr<IssuerServer> server_;
  IssuerClient node_{{.addresses =
                          [this] {
                            return std::vector<IssuerAddress>{{"127.0.0.1", server_->port()}};
                          },
                      .clock = clock_}};
};

TEST_F(IssuerDeskTest, AnAgentsTokenGetsTheCertificateOfItsNode) {
  const auto issued = Order("agent-1");
  ASSERT_TRUE(issued.ok()) << issued.status();
  const auto facts = Check(*issued, clock_.Now());
  ASSERT_TRUE(facts.ok()) << facts.status();
  EXPECT_EQ(facts->identity.Uri(), "ballast://node/node-1");
  EXPECT_LE(facts->validity.not_after, clock_.Now() + kCertificateLifetime);
  EXPECT_EQ(Counted("ballast_operator_certificate_requests_total", "OK"), 1);
}

TEST_F(IssuerDeskTest, EveryOtherTokenGetsNone) {
  const std::pair<const char*, StatusCode> rows[] = {
      {"nonsense", StatusCode::kUnauthenticated},   {"", StatusCode::kUnauthenticated},
      {"apiserver", StatusCode::kUnauthenticated},  {"pod", StatusCode::kPermissionDenied},
      {"no-node", StatusCode::kFailedPrecondition},
  };
  for (const auto& [token, code] : rows) EXPECT_EQ(Order(token).status().code(), code) << token;
  EXPECT_EQ(Order("agent-2").status().code(), StatusCode::kFailedPrecondition) << "it is another node's";
}

TEST_F(IssuerDeskTest, WithoutTheKeyATokenIsWorthNothing) {
  const KeyPtr mine = MakeKey().value();
  const KeyPtr other = MakeKey().value();
  const std::string reviewed = "agent-1";
  const CertificateOrder stolen{reviewed, PublicKeyOf(*mine).value(), ProveKey(*other, reviewed).value()};
  EXPECT_EQ(desk_.IssueCertificate(stolen, {}).status().code(), StatusCode::kUnauthenticated);
  const CertificateOrder no_key{reviewed, "", ""};
  EXPECT_EQ(desk_.IssueCertificate(no_key, {}).status().code(), StatusCode::kInvalidArgument);
  EXPECT_EQ(client_.CountCalls(KubeVerb::kCreate), 2) << "the apiserver was asked for nothing but the CA";
}

TEST_F(IssuerDeskTest, AnApiserverThatDoesNotAnswerIsAskedAgainLater) {
  for (const Status& error : {Unavailable("down"), PermissionDenied("tokenreviews is forbidden")}) {
    client_.FailNext(KubeVerb::kCreate, error);
    EXPECT_EQ(Order("agent-1").status().code(), StatusCode::kUnavailable) << error;
  }
  EXPECT_TRUE(Order("agent-1").ok());
}

TEST_F(IssuerDeskTest, ANodeThatListsTheCacheGetsItsToken) {
  CreateGated();
  Create(kSecrets, MakeSecret({"team", "hf"}, "token", "hf_abc\n"));
  EXPECT_EQ(Token("team/gated").value(), "hf_abc");
  EXPECT_EQ(Counted("ballast_operator_origin_token_requests_total", "OK"), 1);
}

TEST_F(IssuerDeskTest, ARotatedSecretIsReadAnew) {
  CreateGated();
  Create(kSecrets, MakeSecret({"team", "hf"}, "token", "one"));
  EXPECT_EQ(Token("team/gated").value(), "one");
  const Json patch = {{"data", {{"token", EncodeBase64("two")}}}};
  EXPECT_TRUE(client_.Patch(kSecrets, {"team", "hf"}, patch, Subresource::kNone, {}).ok());
  EXPECT_EQ(Token("team/gated").value(), "two");
}

TEST_F(IssuerDeskTest, NobodyElseGetsIt) {
  CreateGated();
  Create(kSecrets, MakeSecret({"team", "hf"}, "token", "hf_abc"));
  EXPECT_EQ(Token("team/gated", "agent-2", "node-2").status().code(), StatusCode::kPermissionDenied) << "no CacheNode";
  ListOn("node-2", {Entry("public")});
  EXPECT_EQ(Token("team/gated", "agent-2", "node-2").status().code(), StatusCode::kPermissionDenied) << "not listed";
  const Credentials nobody{.ca = keeper_.authority()->trust, .certificate = "", .key = ""};
  EXPECT_EQ(node_.OriginToken(nobody, "team/gated", kLimit).status().code(), StatusCode::kUnauthenticated);
  EXPECT_EQ(Token("public").status().code(), StatusCode::kNotFound);
  EXPECT_EQ(Token("elsewhere").status().code(), StatusCode::kPermissionDenied);
}

TEST_F(IssuerDeskTest, ASecretThatIsNotThereOrNotOursToReadSaysWhatToDo) {
  CreateGated();
  EXPECT_THAT(Token("team/gated").status().ToString(), HasSubstr("FAILED_PRECONDITION"));
  const auto own = Order("agent-1");
  int gets = 0;
  client_.OnCall([&](const FakeCall& call) {
    if (call.resource == kSecrets && ++gets == 1) client_.FailNext(KubeVerb::kGet, PermissionDenied("forbidden"));
  });
  const Status denied = node_.OriginToken(*own, "team/gated", kLimit).status();
  EXPECT_EQ(denied.code(), StatusCode::kFailedPrecondition);
  for (const char* part : {"kind: Role\\n", "kind: RoleBinding", "namespace: team", "resourceNames: [hf]",
                           "name: ballast-operator, namespace: ballast-system}"})
    EXPECT_THAT(denied.message(), HasSubstr(part));
}

TEST_F(IssuerDeskTest, ATokenOfAnotherSecretWaitsForTheCacheNode) {
  CreateGated();
  Create(kSecrets, MakeSecret({"team", "hf"}, "token", "one"));
  Create(kSecrets, MakeSecret({"team", "other"}, "token", "two"));
  const Json patch = {{"spec", {{"source", {{"tokenSecretRef", {{"name", "other"}}}}}}}};
  EXPECT_TRUE(client_.Patch(kModelCaches, {"team", "gated"}, patch, Subresource::kNone, {}).ok());
  EXPECT_EQ(Token("team/gated").status().code(), StatusCode::kUnavailable);
}

TEST_F(IssuerDeskTest, AnotherCaIsTakenUpAndFormerCertificatesLast) {
  CreateGated();
  Create(kSecrets, MakeSecret({"team", "hf"}, "token", "t"));
  Credentials before = *Order("agent-1");
  EXPECT_EQ(client_.Delete(kSecrets, {"ballast-system", "ballast-ca"}, {}, {}), OkStatus());
  ASSERT_TRUE(keeper_.Sync({}).ok());
  before.ca = keeper_.authority()->trust;  // the ConfigMap has reached the node
  EXPECT_EQ(node_.OriginToken(before, "team/gated", kLimit).value(), "t");
  EXPECT_EQ(Token("team/gated").value(), "t") << "with a certificate of the new one";
}

}  // namespace
}  // namespace ballast::controller
