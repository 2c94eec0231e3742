// The process as a whole: informers, election, tasks of the leader, probes and metrics.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "http/http_server.h"
#include "identity/credentials.h"
#include "kube/leader_elector.h"
#include "operator/leader_task.h"

namespace ballast::controller {

struct ManagerOptions {
  OperatorConfig config;
  std::string ns;        // POD_NAMESPACE
  std::string pod;       // POD_NAME
  std::string identity;  // of the election: unlike that of any other process
  ElectionTimes election;
  std::function<bool()> also_ready = [] { return true; };  // what else /readyz waits for; runs on HTTP's threads
  // Its own certificate, for guarded metrics; null while there is none. The same.
  std::function<std::shared_ptr<const Credentials>()> credentials = [] { return nullptr; };
  Pause pause = RealPause();
};

// What /readyz says to anybody who asks: which kinds it waits for and the errors' codes. Their texts, which name users
// and servers, are in the log.
std::string StartingText(const std::vector<UnlistedKind>& unlisted);

// Thread-safe once started. The destructor gives the lease back and stops everything.
class Manager {
 public:
  // All of it outlives the manager.
  struct Parts {
    KubeClient& client;
    const Clock& clock;
    prometheus::Registry& registry;
  };

  // The HTTP server's errors. What comes from the apiserver is waited for.
  static Result<std::unique_ptr<Manager>> Start(const Parts& parts, ManagerOptions options,
                                                std::vector<MakeLeaderTask> tasks);
  ~Manager();
  Manager(const Manager&) = delete;
  Manager& operator=(const Manager&) = delete;

  bool IsLeader() const { return elector_.IsLeader(); }
  // Its informers have read the cluster once, and what else there is says so too.
  bool IsReady() const { return view_.HasSynced() && options_.also_ready(); }
  ClusterView& view() { return view_; }
  uint16_t http_port() const { return http_ == nullptr ? 0 : http_->port(); }  // 0: there is no server

 private:
  Manager(const Parts& parts, ManagerOptions options, std::vector<MakeLeaderTask> tasks);
  HttpAccess AccessToMetrics() const;
  Status Serve();
  void Compete(const std::stop_token& stop);
  void Lead(const std::stop_token& lost);

  const Parts parts_;
  const ManagerOptions options_;
  const std::vector<MakeLeaderTask> tasks_;
  EventRecorder events_;
  ClusterView view_;
  LeaderElector elector_;
  std::unique_ptr<HttpServer> http_;
  std::jthread thread_;  // last: it uses the rest
};

}  // namespace ballast::controller
