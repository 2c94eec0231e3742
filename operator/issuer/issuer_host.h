// All of the issuer in one: what every replica of the operator serves, whether it leads or not.
#pragma once

#include <memory>
#include <string>
#include <thread>

#include "base/clock.h"
#include "base/status.h"
#include "issuing/issuer_server.h"
#include "operator/issuer/authority_keeper.h"
#include "operator/issuer/issuer_desk.h"
#include "operator/operator_config.h"

namespace prometheus {
class Registry;
}

namespace ballast::controller {

// Thread-safe. The destructor ends all calls.
class IssuerHost {
 public:
  // All of them outlive it.
  struct Parts {
    KubeClient& client;
    const Clock& clock;
    prometheus::Registry& registry;
  };

  // Listens at config.grpc.address. The CA may come later: until then connections are closed. `ns`: of the release.
  static Result<std::unique_ptr<IssuerHost>> Start(const Parts& parts, const OperatorConfig& config,
                                                   const std::string& ns, const Pause& pause = RealPause());
  ~IssuerHost();
  IssuerHost(const IssuerHost&) = delete;
  IssuerHost& operator=(const IssuerHost&) = delete;

  // It has a CA, and can issue.
  bool IsReady() const { return keeper_.credentials() != nullptr; }
  // The operator's own certificate, for its calls to agents as well; null while there is none.
  std::shared_ptr<const Credentials> credentials() const { return keeper_.credentials(); }
  uint16_t port() const { return server_->port(); }

 private:
  IssuerHost(const Parts& parts, const AuthorityOptions& options);

  AuthorityKeeper keeper_;
  IssuerDesk desk_;
  std::unique_ptr<IssuerServer> server_;
  std::jthread thread_;  // of the keeper
};

}  // namespace ballast::controller
