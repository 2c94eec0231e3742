#include "operator/issuer/issuer_host.h"

#include <gtest/gtest.h>
#include <prometheus/registry.h>

#include <thread>

#include "issuing/issuer_client.h"
#include "kube/testing/token_reviews.h"
#include "operator/testing/cluster.h"

namespace ballast::controller {
namespace {

class IssuerHostTest : public testing::Test {
 protected:
  IssuerHostTest() {
    ServeCluster(client_);
    client_.Serve(TokenReviewRules({{"agent",
                                     {"system:serviceaccount:models:ballast-agent",
                                      "ballast",
                                      {{"authentication.kubernetes.io/node-name", {"node-1"}}}}}}));
    config_.grpc.address = "127.0.0.1:0";
  }
  std::unique_ptr<IssuerHost> Start() {
    auto host = IssuerHost::Start({client_, clock_, registry_}, config_, "models");
    EXPECT_TRUE(host.ok()) << host.status();
    return *std::move(host);
  }

  const CallLimit kLimit{.timeout = std::chrono::seconds(20), .stop = {}};
  RealClock clock_;
  FakeKubeClient client_{clock_};
  prometheus::Registry registry_;
  OperatorConfig config_;
};

TEST_F(IssuerHostTest, TwoReplicasIssueWithOneCa) {
  const auto first = Start();
  const auto second = Start();
  while (!first->IsReady() || !second->IsReady()) std::this_thread::yield();
  EXPECT_EQ(first->credentials()->ca, second->credentials()->ca);
  const IssuerClient node({.addresses =
                               [&] {
                                 return std::vector<IssuerAddress>{{"127.0.0.1", 1}, {"127.0.0.1", second->port()}};
                               },
                           .clock = clock_});
  const auto issued =
      node.IssueCertificate({.node = "node-1", .ca = first->credentials()->ca, .token = "agent"}, kLimit);
  ASSERT_TRUE(issued.ok()) << issued.status();
}

TEST_F(IssuerHostTest, WithoutItsSecretItIsNotReadyAndStopsAllTheSame) {
  config_.tls.issuer = TlsIssuer::kExistingSecret;
  const auto host = Start();
  client_.AwaitWatches(2);
  EXPECT_FALSE(host->IsReady());
}

TEST_F(IssuerHostTest, AnAddressThatIsTakenIsAnError) {
  const auto host = Start();
  config_.grpc.address = "127.0.0.1:" + std::to_string(host->port());
  EXPECT_EQ(IssuerHost::Start({client_, clock_, registry_}, config_, "models").status().code(),
            StatusCode::kUnavailable);
}

}  // namespace
}  // namespace ballast::controller
