#include "operator/agents/grpc_agent_progress.h"

#include <grpcpp/security/server_credentials.h>
#include <grpcpp/server.h>
#include <grpcpp/server_builder.h>
#include <gtest/gtest.h>

#include "base/strings.h"
#include "identity/authority.h"
#include "proto/agent.grpc.pb.h"

namespace ballast::controller {
namespace {

const RealClock kClock;

Credentials Issued(const CertificateAuthority& by, const PeerIdentity& subject) {
  const IssuedCertificate own = by.Issue(subject, kClock.Now()).value();
  return {by.CertificatePem().value(), own.certificate, own.key};
}

CredentialsProvider Fixed(Credentials credentials) {
  return [shared = std::make_shared<const Credentials>(std::move(credentials))] { return shared; };
}

// An agent that lets the operator in, and nobody else.
class Agent final : public agent::v1::Agent::Service {
 public:
  Agent(const CertificateAuthority& ca, const std::string& node) {
    const auto admit = [](const PeerIdentity& peer) {
      return peer.is_operator() ? OkStatus() : PermissionDenied("the operator only");
    };
    const auto credentials = MakeServerCredentials(Issued(ca, PeerIdentity::Node(node).value()), admit, kClock);
    grpc::ServerBuilder builder;
    builder.AddListeningPort("127.0.0.1:0", credentials, &port_);
    builder.RegisterService(this);
    server_ = builder.BuildAndStart();
  }

  grpc::Status Progress(grpc::ServerContext* /*context*/, const agent::v1::ProgressRequest* /*request*/,
                        agent::v1::ProgressResponse* response) override {
    auto* entry = response->add_entries();
    entry->set_cache("llama");
    entry->set_phase("Downloading");
    entry->set_bytes_done(7);
    entry->set_mounts(2);
    return grpc::Status::OK;
  }

  AgentEndpoint At(const std::string& node) const { return {node, StrCat("127.0.0.1:", port_), true}; }

 private:
  int port_ = 0;
  std::unique_ptr<grpc::Server> server_;
};

class GrpcAgentProgressTest : public testing::Test {
 protected:
  GrpcAgentProgressTest() { AllowOnlyTls13(); }

  CertificateAuthority ca_ = CertificateAuthority::Create(kClock.Now()).value();
};

TEST_F(GrpcAgentProgressTest, TheOperatorIsAnswered) {
  const Agent agent(ca_, "a");
  GrpcAgentProgress progress(Fixed(Issued(ca_, PeerIdentity::Operator())), kClock);
  for (int i = 0; i < 2; ++i) {
    const auto answer = progress.Ask(agent.At("a"), {});
    ASSERT_TRUE(answer.ok()) << answer.status();
    const EntryProgress expected{.cache = "llama", .phase = "Downloading", .bytes_done = 7, .mounts = 2};
    EXPECT_EQ(*answer, std::vector<EntryProgress>{expected});
    progress.Rest();
  }
}

TEST_F(GrpcAgentProgressTest, AnotherNodeAtTheAddressIsNotAsked) {
  const Agent agent(ca_, "impostor");
  GrpcAgentProgress progress(Fixed(Issued(ca_, PeerIdentity::Operator())), kClock);
  EXPECT_FALSE(progress.Ask(agent.At("a"), {}).ok());
}

TEST_F(GrpcAgentProgressTest, WithoutACertificateNobodyIsAsked) {
  GrpcAgentProgress progress([] { return std::shared_ptr<const Credentials>(); }, kClock);
  EXPECT_EQ(progress.Ask({"a", "127.0.0.1:1", true}, {}).status().code(), StatusCode::kUnavailable);
}

}  // namespace
}  // namespace ballast::controller
