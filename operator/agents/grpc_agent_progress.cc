#include "operator/agents/grpc_agent_progress.h"

#include <grpcpp/channel.h>
#include <grpcpp/client_context.h>
#include <grpcpp/create_channel.h>
#include <grpcpp/security/credentials.h>
#include <grpcpp/support/channel_arguments.h>

#include <utility>

#include "base/strings.h"
#include "proto/agent.grpc.pb.h"

namespace ballast::controller {
namespace {

namespace v1 = agent::v1;

constexpr std::chrono::seconds kPatience{3};
constexpr int kMaxAnswerBytes = 4 << 20;

grpc::ChannelArguments Arguments() {
  grpc::ChannelArguments arguments;
  arguments.SetInt(GRPC_ARG_ENABLE_HTTP_PROXY, 0);  // agents are reached by no detour
  arguments.SetInt(GRPC_ARG_ENABLE_RETRIES, 0);     // the next round asks again
  arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
  arguments.SetMaxReceiveMessageSize(kMaxAnswerBytes);
  return arguments;
}

std::vector<EntryProgress> Decode(const v1::ProgressResponse& response) {
  std::vector<EntryProgress> entries;
  for (const auto& entry : response.entries()) {
    entries.push_back({.cache = entry.cache(),
                       .manifest = entry.manifest(),
                       .phase = entry.phase(),
                       .bytes_done = entry.bytes_done(),
                       .bytes_total = entry.bytes_total(),
                       .bytes_per_second = entry.bytes_per_second(),
                       .mounts = entry.mounts()});
  }
  return entries;
}

}  // namespace

struct GrpcAgentProgress::Connection {
  std::string address;
  std::shared_ptr<const Credentials> credentials;
  std::unique_ptr<v1::Agent::Stub> stub;
};

GrpcAgentProgress::GrpcAgentProgress(CredentialsProvider credentials, const Clock& clock)
    : credentials_(std::move(credentials)), clock_(clock) {
  AllowOnlyTls13();
}

GrpcAgentProgress::~GrpcAgentProgress() = default;

void GrpcAgentProgress::Rest() {
  MutexLock lock(mutex_);
  connections_.clear();
}

Result<std::shared_ptr<GrpcAgentProgress::Connection>> GrpcAgentProgress::ConnectionTo(const AgentEndpoint& agent) {
  const std::shared_ptr<const Credentials> own = credentials_();
  if (own == nullptr) return Unavailable("the operator has no certificate yet");
  MutexLock lock(mutex_);
  std::shared_ptr<Connection>& connection = connections_[agent.node];
  if (connection != nullptr && connection->address == agent.address && connection->credentials == own) {
    return connection;
  }
  ASSIGN_OR_RETURN(const PeerIdentity node, PeerIdentity::Node(agent.node));
  const bool six = agent.address.starts_with('[');
  const auto channel = grpc::CreateCustomChannel(StrCat(six ? "ipv6:" : "ipv4:", agent.address),
                                                 MakeChannelCredentials(*own, node, clock_), Arguments());
  connection = std::make_shared<Connection>(Connection{agent.address, own, v1::Agent::NewStub(channel)});
  return connection;
}

Result<std::vector<EntryProgress>> GrpcAgentProgress::Ask(const AgentEndpoint& agent, const std::stop_token& stop) {
  ASSIGN_OR_RETURN(const std::shared_ptr<Connection> connection, ConnectionTo(agent));
  grpc::ClientContext context;
  context.set_deadline(std::chrono::system_clock::now() + kPatience);
  const std::stop_callback cancel(stop, [&] { context.TryCancel(); });
  v1::ProgressResponse response;
  const grpc::Status status = connection->stub->Progress(&context, v1::ProgressRequest(), &response);
  if (status.ok()) return Decode(response);
  return Status(static_cast<StatusCode>(status.error_code()),
                StrCat("ask the agent of ", agent.node, ": ", status.error_message()));
}

}  // namespace ballast::controller
