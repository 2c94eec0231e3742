// What a node answers to the operator on its control port (proto/agent.proto), and to nobody else.
#pragma once

#include <functional>

#include "proto/agent.grpc.pb.h"

namespace ballast {

// Must not block.
using AgentProgress = std::function<agent::v1::ProgressResponse()>;

class AgentGrpcService final : public agent::v1::Agent::CallbackService {
 public:
  explicit AgentGrpcService(AgentProgress progress) : progress_(std::move(progress)) {}

  grpc::ServerUnaryReactor* Progress(grpc::CallbackServerContext* context, const agent::v1::ProgressRequest* request,
                                     agent::v1::ProgressResponse* response) override;

 private:
  const AgentProgress progress_;
};

}  // namespace ballast
