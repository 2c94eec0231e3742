// AgentProgress over gRPC and mTLS, as ballast://operator.
#pragma once

#include <map>
#include <memory>
#include <string>

#include "base/clock.h"
#include "base/mutex.h"
#include "operator/agents/agent_progress.h"
#include "peering/peer_tls.h"

namespace ballast::controller {

// Thread-safe. A connection is kept from one question to the next, until Rest().
class GrpcAgentProgress final : public AgentProgress {
 public:
  // `clock` outlives it. Without credentials each question is Unavailable.
  GrpcAgentProgress(CredentialsProvider credentials, const Clock& clock);
  ~GrpcAgentProgress() override;

  Result<std::vector<EntryProgress>> Ask(const AgentEndpoint& agent, const std::stop_token& stop) override;
  void Rest() override;

 private:
  struct Connection;

  Result<std::shared_ptr<Connection>> ConnectionTo(const AgentEndpoint& agent);

  const CredentialsProvider credentials_;
  const Clock& clock_;
  Mutex mutex_;
  std::map<std::string, std::shared_ptr<Connection>> connections_ GUARDED_BY(mutex_);  // by node
};

}  // namespace ballast::controller
