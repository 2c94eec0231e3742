// This node in its cluster: follows its CacheNode, says what a pod may have by it, and writes its status.
//
// The object that counts is the one that the apiserver has; until it has answered, the last copy on disk. Where the
// apiserver says that there is none, the copy counts no more. Nothing here waits for the apiserver but the one thread
// that talks to it.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "api/cache_node.h"
#include "base/backoff.h"
#include "base/clock.h"
#include "base/mutex.h"
#include "daemon/admissions.h"
#include "daemon/cluster/node_status.h"
#include "daemon/cluster/pod_questions.h"
#include "kube/informer.h"
#include "kube/kube_client.h"

namespace ballast {

// Thread-safe.
class ClusterNode final : public Admissions {
 public:
  // All that is referred to outlives it.
  struct Parts {
    KubeClient& kube;
    const Clock& clock;
    std::string node;
    std::string copy_file;
    std::function<std::string()> node_uid = [] { return ""; };  // of the Node; "" where it is not known
    // A spec came into effect. One call at a time, the first before Start() returns where there is a copy on disk.
    std::function<void(const CacheNodeSpec&)> follow;
    std::function<NodeFindings(const CacheNodeSpec&)> look;
    // A volume that is admitted has brought its own token.
    std::function<void(const std::string& domain, const std::string& token)> take_token = [](const auto&...) {};
    InformerOptions informer;
    BackoffPolicy backoff{.initial = std::chrono::milliseconds(500), .max = std::chrono::seconds(30)};
    Duration look_every = std::chrono::seconds(30);  // at what nobody tells: the disk, a certificate
    Duration remind_every = std::chrono::seconds(1);
    Duration settle = std::chrono::minutes(1);  // what is under way that long is written
  };

  explicit ClusterNode(Parts parts);
  // The watch is cancelled, nothing is called any more.
  ~ClusterNode() override;

  // Loads the copy on disk, and goes to the apiserver on its own thread. To be called once.
  void Start();
  // Ends the thread and tells whoever waits for admission. Before the destructor, where others still call.
  void Stop();
  // A download began or ended. Never blocks for long.
  void Wake();
  // What counts now; null: nothing does.
  std::shared_ptr<const CacheNode> Current() const;

  Admittance Admit(const cache::v1::PrepareRequest& asked) override;
  AdmissionWatch Watch(std::function<void()> changed) override;
  std::vector<std::string> Problems() const override;

 private:
  struct Watcher {
    uint64_t id;
    std::function<void()> changed;
  };

  void Run(const std::stop_token& stop);
  bool WaitForWork(const std::stop_token& stop);
  void TellWatchers();
  // The object that the apiserver has, as far as this thread knows; null: none. False: it has not said yet.
  bool Observe(std::shared_ptr<const Json>& object) const;
  void Take(const std::shared_ptr<const Json>& object);
  void TakeNode(CacheNode node);
  void DropNode();
  void Follow(const CacheNode& node);
  void UpdateStatus(const std::stop_token& stop);
  bool IsDue(Worth worth);
  Status WriteStatus(const CacheNode& node, const CacheNodeStatus& wanted, const std::stop_token& stop);
  std::vector<WantedCache> OpenQuestions(const CacheNodeSpec& spec, Timestamp now);
  void SetProblem(std::string problem);

  const Parts parts_;
  Informer informer_;
  mutable Mutex mutex_;
  CondVar changed_;
  std::shared_ptr<const CacheNode> current_ GUARDED_BY(mutex_);
  PodQuestions questions_ GUARDED_BY(mutex_);
  bool woken_ GUARDED_BY(mutex_) = true;
  bool live_ GUARDED_BY(mutex_) = false;  // current_ is what the apiserver said
  std::string problem_ GUARDED_BY(mutex_);
  bool stopped_ GUARDED_BY(mutex_) = false;

  Mutex watch_mutex_;  // held while watchers are called
  std::vector<Watcher> watchers_ GUARDED_BY(watch_mutex_);
  uint64_t next_watcher_ GUARDED_BY(watch_mutex_) = 1;

  // Of the thread alone:
  std::shared_ptr<const Json> taken_;    // what current_ was made of
  std::shared_ptr<const Json> written_;  // the answer to the last write; goes before what the watch says of earlier
  std::vector<std::string> superseded_;  // resourceVersions that written_ has replaced
  Backoff backoff_;
  SteadyTime not_before_{};  // of the next write
  std::optional<SteadyTime> later_since_;
  std::jthread thread_;  // last: it uses the rest
};

}  // namespace ballast
