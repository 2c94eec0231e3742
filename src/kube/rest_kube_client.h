// KubeClient against a real apiserver, over HTTPS with JSON.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "kube/kube_access.h"
#include "kube/kube_client.h"

namespace ballast {

class RestSession;

// One answer of the apiserver; code 0: there was none. verb: "get", "list", "watch", ...
using OnKubeAnswer = std::function<void(std::string_view verb, const KubeResource& resource, int code)>;

struct RestKubeOptions {
  std::string user_agent = "ballast";
  std::string field_manager = "ballast";               // of create, update and patch
  Duration watch_start = std::chrono::seconds(30);     // for the head of a watch's answer
  Duration watch_silence = std::chrono::seconds(150);  // longer than the gap between bookmarks, which is a minute
  size_t max_answer_bytes = 256 << 20;
  OnKubeAnswer on_answer;  // on the caller's thread
};

// Thread-safe. The token is read from its file for each request, certificates for each connection.
class RestKubeClient final : public KubeClient {
 public:
  // InvalidArgument: CheckAccess(). Nothing is connected yet.
  // InvalidArgument: also where `access` has still to be authenticated (exec_credential.h).
  static Result<std::unique_ptr<RestKubeClient>> Create(const KubeAccess& access, RestKubeOptions options = {});
  ~RestKubeClient() override;

  Result<Json> Get(const KubeResource& resource, const ObjectName& name, const CallLimits& limits) override;
  Result<ListPage> List(const KubeResource& resource, const ListRequest& request, const CallLimits& limits) override;
  Status Watch(const KubeResource& resource, const WatchRequest& request, const WatchSink& sink,
               const std::stop_token& stop) override;
  Result<Json> Create(const KubeResource& resource, const Json& object, const CallLimits& limits) override;
  Result<Json> Update(const KubeResource& resource, const Json& object, const CallLimits& limits) override;
  Result<Json> Apply(const KubeResource& resource, const ApplyRequest& request, const CallLimits& limits) override;
  Result<Json> Patch(const KubeResource& resource, const ObjectName& name, const Json& patch, Subresource subresource,
                     const CallLimits& limits) override;
  Status Delete(const KubeResource& resource, const ObjectName& name, const Preconditions& preconditions,
                const CallLimits& limits) override;

 private:
  explicit RestKubeClient(std::unique_ptr<RestSession> session);

  const std::unique_ptr<RestSession> session_;
};

}  // namespace ballast
