#include "operator/issuer/issuer_host.h"

#include "base/thread.h"
#include "http/http_server.h"

namespace ballast::controller {
namespace {

constexpr char kAgentAccount[] = "ballast-agent";

AuthorityOptions OptionsOf(const OperatorConfig& config, const std::string& ns, prometheus::Registry& registry,
                           const Pause& pause) {
  return {.ns = ns,
          .source =
              config.tls.issuer == TlsIssuer::kOperator ? AuthoritySource::kOperator : AuthoritySource::kExistingSecret,
          .secret = config.tls.secret,
          .on_use = ShowAuthorityTimes(registry),
          .pause = pause};
}

}  // namespace

IssuerHost::IssuerHost(const Parts& parts, const AuthorityOptions& options)
    : keeper_(parts.client, parts.clock, options),
      desk_({.client = parts.client,
             .clock = parts.clock,
             .authority = [this] { return keeper_.authority(); },
             .agent_account = {options.ns, kAgentAccount},
             .metrics = IssuerMetrics(parts.registry)}) {}

IssuerHost::~IssuerHost() = default;

Result<std::unique_ptr<IssuerHost>> IssuerHost::Start(const Parts& parts, const OperatorConfig& config,
                                                      const std::string& ns, const Pause& pause) {
  ASSIGN_OR_RETURN(const HostPort address, ParseListenAddress(config.grpc.address));
  std::unique_ptr<IssuerHost> host(new IssuerHost(parts, OptionsOf(config, ns, parts.registry, pause)));
  const IssuerServer::Parts server{
      .service = host->desk_, .credentials = [&host = *host] { return host.credentials(); }, .clock = parts.clock};
  ASSIGN_OR_RETURN(host->server_, IssuerServer::Start({.host = address.host, .port = address.port}, server));
  host->thread_ = StartThread([&host = *host](const std::stop_token& stop) { host.keeper_.Run(stop); });
  return host;
}

}  // namespace ballast::controller
