// The provisioner of our StorageClasses: makes the PersistentVolume of a claim as soon as its cache is known, says on
// the claim what it waits for or why it is refused, and removes volumes whose claim is gone.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/mutex.h"
#include "operator/controller.h"
#include "operator/leader_task.h"
#include "operator/volumes/provision_volume.h"

namespace ballast::controller {

// Keys: "claim/NAMESPACE/NAME", "volume/NAME", "populators".
class VolumeController final : public LeaderTask {
 public:
  explicit VolumeController(const LeaderContext& context);

  void Run(const std::stop_token& lost) override;

  // All that is there already, since a subscription tells only of what changes.
  void AddAll();
  Controller& controller() { return controller_; }

 private:
  // A claim without a volume: it is looked at again when one of these changes.
  struct Waiting {
    std::string cache;  // "" = it names none
    std::string ns;
    std::string storage_class;
  };
  struct Said {
    std::string note;
    SteadyTime at;
  };

  void See(const ObjectSeen& seen);
  template <typename Concerns>
  void AddWaiting(const Concerns& concerns);
  Result<RequeueAfter> Reconcile(const std::string& key, const std::stop_token& stop);
  Result<RequeueAfter> ReconcileClaim(const ObjectName& name, const std::stop_token& stop);
  Result<RequeueAfter> ReconcileVolume(const std::string& name, const std::stop_token& stop);
  Result<RequeueAfter> RegisterPopulators(const std::stop_token& stop);

  // Whether it waits for a volume of ours; if so, changes of what it depends on come back to it from now on.
  bool Await(const ClaimFacts& claim) EXCLUDES(mutex_);
  void Forget(const ObjectName& claim) EXCLUDES(mutex_);
  ClaimObserved Observe(ClaimFacts claim) const;
  // The volume is there, and this claim's.
  Status Create(const Json& claim, const CreateVolume& create, const std::stop_token& stop);
  Status CheckExisting(const Json& claim, const std::string& name, const std::stop_token& stop);
  // An event, unless the claim has had it a while ago.
  void Say(const Json& claim, const HoldBack& hold) EXCLUDES(mutex_);

  const LeaderContext context_;
  mutable Mutex mutex_;
  std::map<ObjectName, Waiting> waiting_ GUARDED_BY(mutex_);
  std::map<ObjectName, Said> said_ GUARDED_BY(mutex_);
  Controller controller_;
  std::shared_ptr<void> subscription_;  // last: it calls the rest
};

}  // namespace ballast::controller
