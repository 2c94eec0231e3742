// Who coordinates a model where two nodes do: what a room says to claims, and when it yields.
#include <algorithm>
#include <utility>
#include <vector>

#include "base/logging.h"
#include "swarm/coordinator_room.h"
#include "swarm/rendezvous.h"

namespace ballast {

std::string CoordinatorRoom::OnClaim(const std::string& node) {
  AfterUnlock after;
  MutexLock lock(mutex_);
  if (Active() && !GoesBefore(node)) {
    // It yields now, unless some of its nodes do not reach this one: its answer says which, and all follow it then.
    after.Do([room = shared_from_this(), node] { room->env_.helper.ClaimTo(room, node); });
    return env_.membership.self();
  }
  if (Active() && !AllReach(node)) return env_.membership.self();
  const SteadyTime now = env_.clock.Steady();
  env_.directory.Claimed(model_, node, now, now + 3 * env_.options.claim_every);
  if (Active()) Yield(node, after);
  return node;
}

// It has heard this node's claim and coordinates on: it goes before this one, or has nodes that can't reach this one.
void CoordinatorRoom::YieldTo(const std::string& node) {
  AfterUnlock after;
  MutexLock lock(mutex_);
  if (!Active() || env_.membership.Current()->Find(node) == nullptr || !AllReach(node)) return;
  const SteadyTime now = env_.clock.Steady();
  env_.directory.Claimed(model_, node, now, now + 3 * env_.options.claim_every);
  Yield(node, after);
}

// By names alone, so that of two nodes exactly one does, whatever members they see.
bool CoordinatorRoom::GoesBefore(const std::string& node) const {
  const std::string key = model_.ToString();
  const std::string& self = env_.membership.self();
  return env_.membership.Current()->Find(node) != nullptr &&
         RanksBefore({RendezvousWeight(key, node), node}, {RendezvousWeight(key, self), self});
}

// As far as those who are here said when they came. Those who wait for the shape are here, too: sent to whom they can't
// reach they come back at once, to be sent away again.
bool CoordinatorRoom::AllReach(const std::string& node) const {
  const SteadyTime old = env_.clock.Steady() - env_.options.unreachable_counts;
  const auto reaches = [&node, old](const RoomSeat& seat) {
    const std::vector<std::string>& unreachable = seat.hello.unreachable;
    return seat.joined < old || std::find(unreachable.begin(), unreachable.end(), node) == unreachable.end();
  };
  return std::all_of(seats_.begin(), seats_.end(), [&](const auto& seat) { return reaches(*seat.second); }) &&
         std::all_of(loading_.begin(), loading_.end(), [&](const RoomSeat* seat) { return reaches(*seat); });
}

void CoordinatorRoom::Yield(const std::string& node, AfterUnlock& after) {
  LOG(INFO) << Message("Another node coordinates this model, too: the nodes go there")
                   .With("model", model_)
                   .With("node", node)
                   .With("sent there", seats_.size() + loading_.size());
  for (const auto& [id, seat] : seats_) Send(*seat, node, after);
  for (RoomSeat* const seat : loading_) Send(*seat, node, after);
  seats_.clear();
  loading_.clear();
  coordinator_.reset();
  shape_.reset();
  trying_to_load_ = false;
  if (std::exchange(counted_, false)) env_.helper.CountActive(false);
}

}  // namespace ballast
