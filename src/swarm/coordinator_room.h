// One model's coordinator with its lock and the nodes that joined it. For CoordinatorHost.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/mutex.h"
#include "core/manifest.h"
#include "swarm/control.h"
#include "swarm/coordinator.h"
#include "swarm/coordinator_directory.h"
#include "swarm/coordinator_host.h"

namespace ballast {

class CoordinatorRoom;

// What is to be done once no lock is held: things that send, or wait. Does them when it goes: declare it before the
// lock.
class AfterUnlock {
 public:
  AfterUnlock() = default;
  AfterUnlock(const AfterUnlock&) = delete;
  AfterUnlock& operator=(const AfterUnlock&) = delete;
  ~AfterUnlock();

  void Flush(std::shared_ptr<JoinOutlet> outlet);
  void Do(std::function<void()> work) { work_.push_back(std::move(work)); }

 private:
  std::vector<std::shared_ptr<JoinOutlet>> outlets_;
  std::vector<std::function<void()>> work_;
};

// What a room has others do, on other threads. Returns at once.
class RoomHelper {
 public:
  virtual ~RoomHelper() = default;
  // Asks these nodes who coordinates the model and who has it, then calls Asked().
  virtual void Ask(std::shared_ptr<CoordinatorRoom> room, std::vector<std::string> nodes) = 0;
  // The same once more and with more patience, then calls AskedAgain().
  virtual void AskAgain(std::shared_ptr<CoordinatorRoom> room, std::vector<std::string> nodes) = 0;
  // Tells others that this node does.
  virtual void Claim(std::shared_ptr<CoordinatorRoom> room) = 0;
  virtual void ClaimTo(std::shared_ptr<CoordinatorRoom> room, const std::string& node) = 0;
  // Looks for the manifest here, then calls Loaded().
  virtual void Load(std::shared_ptr<CoordinatorRoom> room) = 0;
  // Asks a holder for hashes, then calls OnHashes().
  virtual void AskForHashes(std::shared_ptr<CoordinatorRoom> room, Coordinator::HashesWanted wanted,
                            const Digest& blob) = 0;
  // Tick() is due then.
  virtual void WakeAt(SteadyTime at) = 0;
  // A room becomes active, or is so no more; false: too many are.
  virtual bool CountActive(bool active) = 0;
};

// A node's place in a room; guarded by the room's mutex.
struct RoomSeat {
  enum class Phase { kNew, kWaiting, kLoading, kIn, kDone };

  const std::string from;
  const std::shared_ptr<JoinOutlet> outlet;
  Phase phase = Phase::kNew;
  NodeId id = 0;
  Hello hello;
  SteadyTime joined{};
  std::string manifest;  // so far
  bool manifest_wanted = false;
  uint64_t seen = 0;
  uint64_t answered = 0;
  std::optional<Next> held;
};

// Thread-safe.
class CoordinatorRoom : public std::enable_shared_from_this<CoordinatorRoom> {
 public:
  struct Env {
    Membership& membership;
    NodeTable& nodes;
    CoordinatorDirectory& directory;
    const Clock& clock;
    const CoordinatorHostOptions& options;
    RoomHelper& helper;
    const std::function<void(const Digest& model, const std::string& node)>& quarantined;
  };

  CoordinatorRoom(const Digest& model, const Env& env) : model_(model), env_(env) {}

  const Digest& model() const { return model_; }
  std::shared_ptr<const ModelShape> shape() const;
  // Whether nodes are coordinated here.
  bool active() const;

  // From a seat's stream.
  Status On(RoomSeat& seat, FromNode message);
  void Gone(RoomSeat& seat);

  // From the helper.
  // `blind`: not all answered; a holder may be known to those.
  void Asked(const std::string& coordinator, bool blind);
  void AskedAgain(bool by_all);
  void Loaded(std::optional<Manifest> manifest);
  void OnHashes(const Coordinator::HashesWanted& wanted, const std::vector<Digest>& hashes);

  void OnHolder(const std::string& node);
  void OnHolderGone(const std::string& node);
  // `node` says that it coordinates the model: who does from now on.
  std::string OnClaim(const std::string& node);
  // `node` coordinates the model, too, and does not yield to this one: sends everybody there, if all can reach it.
  void YieldTo(const std::string& node);
  void OnMembers();
  // When it is due next. False: nobody was here for long, drop the room.
  bool Tick(SteadyTime now, std::optional<SteadyTime>& next);
  // Whom to ask or to tell about this model.
  std::vector<std::string> Neighbours();

  std::vector<Coordinator::Transfer> Transfers() const;

 private:
  bool Active() const REQUIRES(mutex_) { return !seats_.empty() || !loading_.empty(); }
  const std::vector<std::string>& Order() REQUIRES(mutex_);
  std::string Known() const;
  void Consider(RoomSeat& seat, bool asked, AfterUnlock& after) REQUIRES(mutex_);
  void Take(RoomSeat& seat, AfterUnlock& after) REQUIRES(mutex_);
  void Take(RoomSeat& seat, const Next& next, AfterUnlock& after) REQUIRES(mutex_);
  void Hold(RoomSeat& seat, Next next) REQUIRES(mutex_);
  void TakeHeld(AfterUnlock& after) REQUIRES(mutex_);
  void AskAgain(AfterUnlock& after) REQUIRES(mutex_);
  void Admit(RoomSeat& seat, AfterUnlock& after) REQUIRES(mutex_);
  void WantManifest(AfterUnlock& after) REQUIRES(mutex_);
  Status OnPart(RoomSeat& seat, const ManifestPart& part, AfterUnlock& after) REQUIRES(mutex_);
  void SetShape(const Manifest& manifest, AfterUnlock& after) REQUIRES(mutex_);
  void Leave(RoomSeat& seat, AfterUnlock& after) REQUIRES(mutex_);
  void Send(RoomSeat& seat, const std::string& node, AfterUnlock& after) REQUIRES(mutex_);
  void Refuse(RoomSeat& seat, Status why, AfterUnlock& after) REQUIRES(mutex_);
  void Say(RoomSeat& seat, decltype(FromCoordinator::message) message, AfterUnlock& after) REQUIRES(mutex_);
  void Deliver(Coordinator::Outbox outbox, AfterUnlock& after) REQUIRES(mutex_);
  bool GoesBefore(const std::string& node) const REQUIRES(mutex_);
  bool AllReach(const std::string& node) const REQUIRES(mutex_);
  void Yield(const std::string& node, AfterUnlock& after) REQUIRES(mutex_);
  void Know(NodeId node) REQUIRES(mutex_);
  void KnowAll(const Next& next) REQUIRES(mutex_);
  uint16_t ZoneOf(NodeId node) REQUIRES(mutex_);
  void HoldAll(AfterUnlock& after) REQUIRES(mutex_);

  void BeginCoordinating(const RoomSeat& first, AfterUnlock& after) REQUIRES(mutex_);

  const Digest model_;
  const Env env_;
  mutable Mutex mutex_;
  std::shared_ptr<const ModelShape> shape_ GUARDED_BY(mutex_);
  std::unique_ptr<Coordinator> coordinator_ GUARDED_BY(mutex_);  // there is one where there is a shape
  std::map<NodeId, RoomSeat*> seats_ GUARDED_BY(mutex_);
  std::vector<RoomSeat*> waiting_ GUARDED_BY(mutex_);  // for what the others say
  std::vector<RoomSeat*> loading_ GUARDED_BY(mutex_);  // for the shape
  // After a takeover what nodes wish for waits until then: until those have said what they have that come at once.
  SteadyTime hold_until_ GUARDED_BY(mutex_) = SteadyTime::min();
  SteadyTime ask_at_ GUARDED_BY(mutex_) = SteadyTime::max();  // who has what, while they wait
  bool blind_ GUARDED_BY(mutex_) = false;                     // not all who were asked last answered
  bool asking_ GUARDED_BY(mutex_) = false;
  bool trying_to_load_ GUARDED_BY(mutex_) = false;
  bool counted_ GUARDED_BY(mutex_) = false;
  std::vector<bool> known_ GUARDED_BY(mutex_);  // nodes that the coordinator knows
  std::map<std::string, uint16_t> zones_ GUARDED_BY(mutex_);
  MemberListPtr order_of_ GUARDED_BY(mutex_);
  std::vector<std::string> order_ GUARDED_BY(mutex_);
  SteadyTime last_used_ GUARDED_BY(mutex_) = env_.clock.Steady();
};

}  // namespace ballast
