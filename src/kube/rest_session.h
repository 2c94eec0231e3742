// Requests to one apiserver: its errors, its tokens, its JSON. RestKubeClient says what is asked.
#pragma once

#include <memory>
#include <string>

#include "kube/rest_exchange.h"
#include "kube/rest_kube_client.h"

namespace ballast {

struct RestCall {
  std::string_view verb;  // "get", as RBAC calls it
  const KubeResource& resource;
  ObjectName name;
  std::string method;
  std::string target;
  std::string content_type = "application/json";
  std::string body;

  // "get configmaps default/foo"
  std::string What() const;
};

// Thread-safe.
class RestSession {
 public:
  RestSession(KubeAccess access, std::shared_ptr<RestConnections> connections, RestKubeOptions options)
      : access_(std::move(access)), connections_(std::move(connections)), options_(std::move(options)) {}

  // The object of an answer 2xx.
  Result<Json> Ask(const RestCall& call, const CallLimits& limits) const;
  Status Watch(const RestCall& call, const WatchSink& sink, const std::stop_token& stop) const;

  const RestKubeOptions& options() const { return options_; }

 private:
  // `status` with what was asked, and of whom where it is about the connection.
  Status Name(const RestCall& call, const Status& status) const;
  Result<std::string> Token() const;
  Result<RestHead> Start(RestExchange& exchange, const RestCall& call, SteadyTime deadline) const;
  Result<std::string> ReadAll(RestExchange& exchange, SteadyTime deadline) const;
  Result<Json> Exchange(const RestCall& call, const CallLimits& limits) const;
  Status Follow(RestExchange& exchange, const RestCall& call, const WatchSink& sink, const std::stop_token& stop) const;

  const KubeAccess access_;
  const std::shared_ptr<RestConnections> connections_;
  const RestKubeOptions options_;
};

}  // namespace ballast
