// A copy of all objects of one type, kept up to date by a list and then a watch.
//
//   Informer informer(client, kModelCaches, {});
//   informer.AddHandler([&](const ObjectChange& change) { queue.Add(NameOf(*change.object).ToString()); });
//   informer.Start();
//   informer.AwaitSync(stop);
#pragma once

#include <atomic>
#include <functional>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "base/backoff.h"
#include "kube/kube_client.h"
#include "kube/object_store.h"
#include "kube/pause.h"

namespace ballast {

struct InformerOptions {
  std::string ns;  // "": all
  std::string label_selector;
  std::string field_selector;
  uint32_t page = 500;  // objects; fewer where those are larger than a client takes
  KeepObjects keep = KeepObjects::kWhole;
  // A watch's length; each is up to twice as long, so that those of a cluster do not all end together.
  std::chrono::seconds watch_timeout{300};
  Duration list_timeout = std::chrono::seconds(60);  // of one page
  BackoffPolicy backoff{std::chrono::milliseconds(800), std::chrono::milliseconds(30'000), 2};
  uint32_t seed = 1;  // of the jitter: another one on each node
  Pause pause = RealPause();
};

// What it cost so far.
struct InformerCounts {
  std::atomic<uint64_t> lists{0};
  std::atomic<uint64_t> watches{0};
  std::atomic<uint64_t> events{0};  // bookmarks included
  std::atomic<uint64_t> errors{0};  // a list or watch that failed; a watch that has to list again counts too
};

using ObjectHandler = std::function<void(const ObjectChange& change)>;

// Thread-safe but for AddHandler() and Start(). Reads go to the store and cost the apiserver nothing.
class Informer {
 public:
  // `client` outlives it.
  Informer(KubeClient& client, KubeResource resource, InformerOptions options);
  // Cancels the watch and waits for the thread; no handler runs afterwards.
  ~Informer();
  Informer(const Informer&) = delete;
  Informer& operator=(const Informer&) = delete;

  // Called for each change in order, from the informer's thread; a list is told as its difference, what is gone
  // last. Before Start().
  void AddHandler(ObjectHandler handler);
  void Start();

  // The first list is in the store, and its handlers have run.
  bool HasSynced() const;
  // Waits for that. False: stopped before.
  bool AwaitSync(const std::stop_token& stop) const;

  // Why it knows no more than it does: the error of the last list or watch; OK since one went well.
  Status problem() const;

  const KubeResource& resource() const { return resource_; }
  const ObjectStore& store() const { return store_; }
  const InformerCounts& counts() const { return counts_; }

 private:
  void Run(const std::stop_token& stop);
  // One list, or one watch where a list is not needed. Changes version_: "" means list.
  Status Step(const std::stop_token& stop);
  Status List(const std::stop_token& stop);
  // Puts a page into the store as it comes, so that a large list is never in memory as a whole.
  Result<ListPage> ListPageAfter(const std::string& token, std::set<ObjectName>& listed, const std::stop_token& stop);
  Status Watch(const std::stop_token& stop);
  void Tell(const std::vector<ObjectChange>& changes);
  void SetSynced();
  // Logged where it is another problem than before: a permission may be missing for days.
  void SetProblem(const Status& problem);

  KubeClient& client_;
  const KubeResource resource_;
  const InformerOptions options_;
  std::vector<ObjectHandler> handlers_;
  ObjectStore store_;
  InformerCounts counts_;
  mutable Mutex mutex_;
  mutable CondVar changed_;
  bool synced_ GUARDED_BY(mutex_) = false;
  Status problem_ GUARDED_BY(mutex_);
  // Of the thread alone:
  uint32_t page_;
  std::string version_;
  Backoff backoff_;
  std::minstd_rand random_;
  std::jthread thread_;  // last: it uses the rest
};

}  // namespace ballast
