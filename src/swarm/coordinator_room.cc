#include "swarm/coordinator_room.h"

#include <algorithm>
#include <utility>

#include "base/logging.h"
#include "base/strings.h"
#include "swarm/join_verdict.h"
#include "swarm/merge.h"
#include "swarm/rendezvous.h"

namespace ballast {

AfterUnlock::~AfterUnlock() {
  for (const auto& outlet : outlets_) outlet->Flush();
  for (const auto& work : work_) work();
}

void AfterUnlock::Flush(std::shared_ptr<JoinOutlet> outlet) {
  if (std::find(outlets_.begin(), outlets_.end(), outlet) == outlets_.end()) outlets_.push_back(std::move(outlet));
}

std::shared_ptr<const ModelShape> CoordinatorRoom::shape() const {
  MutexLock lock(mutex_);
  return shape_;
}

bool CoordinatorRoom::active() const {
  MutexLock lock(mutex_);
  return Active();
}

const std::vector<std::string>& CoordinatorRoom::Order() {
  const MemberListPtr members = env_.membership.Current();
  if (members == order_of_) return order_;
  order_.clear();
  for (const size_t index : RendezvousOrder(model_.ToString(), members->members()))
    order_.push_back((*members)[index].name);
  order_of_ = members;
  return order_;
}

std::vector<std::string> CoordinatorRoom::Neighbours() {
  MutexLock lock(mutex_);
  return AskedOf({.self = env_.membership.self(), .order = Order()});
}

// ---- what a node says

Status CoordinatorRoom::On(RoomSeat& seat, FromNode message) {
  AfterUnlock after;
  MutexLock lock(mutex_);
  last_used_ = env_.clock.Steady();
  if (seat.phase == RoomSeat::Phase::kDone) return OkStatus();  // it was sent elsewhere; this crossed with it
  seat.seen = message.seq;
  if (auto* const hello = std::get_if<Hello>(&message.message)) {
    if (seat.phase != RoomSeat::Phase::kNew) return InvalidArgument("a second Hello on one stream");
    seat.hello = std::move(*hello);
    seat.joined = last_used_;
    Consider(seat, /*asked=*/false, after);
    return OkStatus();
  }
  if (const auto* const part = std::get_if<ManifestPart>(&message.message)) return OnPart(seat, *part, after);
  if (seat.phase != RoomSeat::Phase::kIn) return InvalidArgument("an Announce or a Next before it was asked for");
  const SteadyTime now = env_.clock.Steady();
  if (const auto* const announce = std::get_if<Announce>(&message.message))
    Deliver(coordinator_->On(seat.id, *announce, now), after);
  if (auto* const next = std::get_if<Next>(&message.message)) {
    if (now < hold_until_) {
      Hold(seat, std::move(*next));
    } else {
      Take(seat, *next, after);
    }
  }
  if (message.answer && seat.answered != seat.seen) Say(seat, Reply{}, after);
  return OkStatus();
}

void CoordinatorRoom::Take(RoomSeat& seat, const Next& next, AfterUnlock& after) {
  KnowAll(next);
  Deliver(coordinator_->On(seat.id, next, env_.clock.Steady()), after);
}

void CoordinatorRoom::Hold(RoomSeat& seat, Next next) {
  seat.held = seat.held ? Merged(*std::move(seat.held), std::move(next)) : std::move(next);
  env_.helper.WakeAt(hold_until_);
}

void CoordinatorRoom::TakeHeld(AfterUnlock& after) {
  hold_until_ = SteadyTime::min();
  for (const auto& [id, seat] : seats_) {
    if (const auto held = std::exchange(seat->held, std::nullopt)) Take(*seat, *held, after);
  }
}

std::string CoordinatorRoom::Known() const {
  std::string known = env_.directory.CoordinatorOf(model_, env_.clock.Steady());
  return env_.membership.Current()->Find(known) == nullptr ? "" : known;
}

void CoordinatorRoom::Consider(RoomSeat& seat, bool asked, AfterUnlock& after) {
  JoinQuestion question{.self = env_.membership.self(),
                        .from = seat.from,
                        .active = Active(),
                        .asked = asked,
                        .known = Known(),
                        .order = Order(),
                        .unreachable = seat.hello.unreachable,
                        .redirects = seat.hello.redirects,
                        .max_redirects = env_.options.max_redirects};
  const JoinVerdict verdict = Judge(question);
  if (const auto* const to = std::get_if<SendTo>(&verdict)) return Send(seat, to->node, after);
  const auto* const ask = std::get_if<AskFirst>(&verdict);
  if (ask == nullptr || ask->nodes.empty()) return Take(seat, after);
  seat.phase = RoomSeat::Phase::kWaiting;
  waiting_.push_back(&seat);
  if (std::exchange(asking_, true)) return;
  after.Do([room = shared_from_this(), nodes = ask->nodes] { room->env_.helper.Ask(room, nodes); });
}

// Who refuses may not know of this node yet, and who can't be reached may be about to start.
void CoordinatorRoom::AskedAgain(bool by_all) {
  AfterUnlock after;
  MutexLock lock(mutex_);
  const SteadyTime now = env_.clock.Steady();
  if (now >= hold_until_) return;
  if (by_all) return TakeHeld(after);
  ask_at_ = now + env_.options.ask_again_every;
  env_.helper.WakeAt(ask_at_);
}

void CoordinatorRoom::Asked(const std::string& coordinator, bool blind) {
  AfterUnlock after;
  MutexLock lock(mutex_);
  asking_ = false;
  blind_ = blind;
  const SteadyTime now = env_.clock.Steady();
  if (!coordinator.empty() && coordinator != env_.membership.self())
    env_.directory.Claimed(model_, coordinator, now, now + 3 * env_.options.claim_every);
  for (RoomSeat* const seat : std::exchange(waiting_, {})) Consider(*seat, /*asked=*/true, after);
}

// ---- taking in

void CoordinatorRoom::Take(RoomSeat& seat, AfterUnlock& after) {
  const bool local = seat.from == env_.membership.self();
  if (!counted_ && !(counted_ = env_.helper.CountActive(true)) && !local)
    return Refuse(seat, ResourceExhausted("this node coordinates as many models as it may"), after);
  if (seats_.size() + loading_.size() >= env_.options.max_nodes && !local)
    return Refuse(seat, ResourceExhausted("as many nodes as may be are in this model's swarm here"), after);
  if (!Active()) BeginCoordinating(seat, after);
  if (shape_) return Admit(seat, after);
  seat.phase = RoomSeat::Phase::kLoading;
  loading_.push_back(&seat);
  if (std::exchange(trying_to_load_, true)) return;
  after.Do([room = shared_from_this()] { room->env_.helper.Load(room); });
}

// Whom it sends to the origin before it has heard who has what is sent there for nothing.
void CoordinatorRoom::BeginCoordinating(const RoomSeat& first, AfterUnlock& after) {
  const bool takeover = !first.hello.unreachable.empty();
  const bool blind = std::exchange(blind_, false);
  const SteadyTime now = env_.clock.Steady();
  hold_until_ = takeover ? now + env_.options.takeover_wait : SteadyTime::min();
  if (blind) hold_until_ = now + env_.options.blind_wait;
  ask_at_ = SteadyTime::max();  // of a wait before: its answers would end this one
  LOG(INFO) << Message(takeover ? "Coordinating in place of others" : "Coordinating")
                   .With("model", model_)
                   .With("first", first.from)
                   .With("all answered", !blind);
  after.Do([room = shared_from_this()] { room->env_.helper.Claim(room); });
  if (blind) AskAgain(after);
}

void CoordinatorRoom::AskAgain(AfterUnlock& after) {
  ask_at_ = SteadyTime::max();
  after.Do([room = shared_from_this()] { room->env_.helper.AskAgain(room, room->Neighbours()); });
}

void CoordinatorRoom::Loaded(std::optional<Manifest> manifest) {
  AfterUnlock after;
  MutexLock lock(mutex_);
  if (shape_) return;
  if (manifest) return SetShape(*manifest, after);
  WantManifest(after);
}

// From one node at a time.
void CoordinatorRoom::WantManifest(AfterUnlock& after) {
  if (loading_.empty()) {
    trying_to_load_ = false;
    return;
  }
  loading_.front()->manifest_wanted = true;
  Say(*loading_.front(), ManifestWanted{}, after);
}

Status CoordinatorRoom::OnPart(RoomSeat& seat, const ManifestPart& part, AfterUnlock& after) {
  if (!seat.manifest_wanted) return InvalidArgument("a manifest that was not asked for");
  if (seat.manifest.size() + part.data.size() > kMaxManifestBytes)
    return InvalidArgument("a manifest that is too large");
  seat.manifest += part.data;
  if (!part.last) return OkStatus();
  seat.manifest_wanted = false;
  const std::string text = std::exchange(seat.manifest, {});
  if (Digest::Of(text) != model_)
    return InvalidArgument(StrCat("the manifest of node ", seat.from, " is not ", model_, ", which it wants"));
  ASSIGN_OR_RETURN(const Manifest manifest, Manifest::Parse(text));
  if (!shape_) SetShape(manifest, after);
  return OkStatus();
}

void CoordinatorRoom::SetShape(const Manifest& manifest, AfterUnlock& after) {
  trying_to_load_ = false;
  shape_ = std::make_shared<const ModelShape>(ModelShape::Of(manifest));
  coordinator_ = std::make_unique<Coordinator>(shape_->sizes, env_.options.policy);
  known_.clear();
  for (RoomSeat* const seat : std::exchange(loading_, {})) Admit(*seat, after);
  HoldAll(after);
}

void CoordinatorRoom::HoldAll(AfterUnlock& after) {
  for (const std::string& holder : env_.directory.HoldersOf(model_)) {
    const Result<NodeId> id = env_.nodes.IdOf(holder);
    if (!id.ok() || seats_.contains(*id)) continue;
    Know(*id);
    Deliver(coordinator_->OnHolder(*id, env_.clock.Steady()), after);
  }
}

void CoordinatorRoom::Admit(RoomSeat& seat, AfterUnlock& after) {
  const Result<NodeId> id = env_.nodes.IdOf(seat.from);
  if (!id.ok()) return Refuse(seat, id.status(), after);
  seat.id = *id;
  if (const auto before = seats_.find(seat.id); before != seats_.end()) {
    RoomSeat& old = *before->second;
    Leave(old, after);
    Refuse(old, Aborted(StrCat("node ", seat.from, " joined anew")), after);
  }
  Know(seat.id);
  seat.phase = RoomSeat::Phase::kIn;
  seats_[seat.id] = &seat;
  Say(seat, Reply{.assignments = {}, .withdrawn = {}, .announce = true}, after);
}

// ---- leaving

void CoordinatorRoom::Gone(RoomSeat& seat) {
  AfterUnlock after;
  MutexLock lock(mutex_);
  last_used_ = env_.clock.Steady();
  Leave(seat, after);
  seat.phase = RoomSeat::Phase::kDone;
}

void CoordinatorRoom::Leave(RoomSeat& seat, AfterUnlock& after) {
  std::erase(waiting_, &seat);
  std::erase(loading_, &seat);
  if (seat.manifest_wanted && !shape_) {
    seat.manifest_wanted = false;
    WantManifest(after);
  }
  const auto at = seats_.find(seat.id);
  if (seat.phase != RoomSeat::Phase::kIn || at == seats_.end() || at->second != &seat) return;
  seats_.erase(at);
  Deliver(coordinator_->OnGone(seat.id, env_.clock.Steady()), after);
  if (env_.directory.IsHolder(model_, seat.from)) Deliver(coordinator_->OnHolder(seat.id, env_.clock.Steady()), after);
}

void CoordinatorRoom::Send(RoomSeat& seat, const std::string& node, AfterUnlock& after) {
  Say(seat, Redirect{node}, after);
  seat.phase = RoomSeat::Phase::kDone;
}

void CoordinatorRoom::Refuse(RoomSeat& seat, Status why, AfterUnlock& after) {
  seat.phase = RoomSeat::Phase::kDone;
  after.Do([outlet = seat.outlet, why = std::move(why)] { outlet->Close(why); });
}

// ---- what a node is told

void CoordinatorRoom::Say(RoomSeat& seat, decltype(FromCoordinator::message) message, AfterUnlock& after) {
  seat.answered = seat.seen;
  seat.outlet->Queue({.seen = seat.seen, .message = std::move(message)});
  after.Flush(seat.outlet);
}

void CoordinatorRoom::Deliver(Coordinator::Outbox outbox, AfterUnlock& after) {
  for (Coordinator::Outgoing& outgoing : outbox) {
    if (const auto seat = seats_.find(outgoing.node); seat != seats_.end())
      Say(*seat->second, std::move(outgoing.reply), after);
  }
  for (const Coordinator::HashesWanted& wanted : coordinator_->TakeHashesWanted()) {
    after.Do([room = shared_from_this(), wanted, blob = shape_->digests[wanted.file]] {
      room->env_.helper.AskForHashes(room, wanted, blob);
    });
  }
  for (const NodeId bad : coordinator_->TakeQuarantined()) {
    LOG(WARNING) << Message(
                        "A node sent or attested wrong bytes: nobody is sent to it for this model any more; "
                        "check its disk and memory")
                        .With("node", env_.nodes.NameOf(bad))
                        .With("model", model_);
    if (env_.quarantined) env_.quarantined(model_, env_.nodes.NameOf(bad));
  }
  if (const auto tick = coordinator_->NextTick()) env_.helper.WakeAt(*tick);
}

void CoordinatorRoom::OnHashes(const Coordinator::HashesWanted& wanted, const std::vector<Digest>& hashes) {
  AfterUnlock after;
  MutexLock lock(mutex_);
  if (!coordinator_) return;
  const bool fits = hashes.size() == shape_->pieces[wanted.file];
  Deliver(coordinator_->OnHashes(wanted.holder, wanted.file, fits ? std::span(hashes) : std::span<const Digest>(),
                                 env_.clock.Steady()),
          after);
}

// ---- holders

void CoordinatorRoom::OnHolder(const std::string& node) {
  AfterUnlock after;
  MutexLock lock(mutex_);
  const Result<NodeId> id = env_.nodes.IdOf(node);
  if (!coordinator_ || !id.ok() || seats_.contains(*id)) return;
  Know(*id);
  Deliver(coordinator_->OnHolder(*id, env_.clock.Steady()), after);
}

void CoordinatorRoom::OnHolderGone(const std::string& node) {
  AfterUnlock after;
  MutexLock lock(mutex_);
  const auto id = env_.nodes.Find(node);
  if (!coordinator_ || !id || seats_.contains(*id)) return;
  Know(*id);
  Deliver(coordinator_->OnDropped(*id, env_.clock.Steady()), after);
}

// ---- time and members

bool CoordinatorRoom::Tick(SteadyTime now, std::optional<SteadyTime>& next) {
  AfterUnlock after;
  MutexLock lock(mutex_);
  const bool empty = !Active() && waiting_.empty();
  if (empty && now >= last_used_ + env_.options.idle) {
    if (std::exchange(counted_, false)) env_.helper.CountActive(false);
    return false;
  }
  if (now < hold_until_) {
    if (now >= ask_at_) AskAgain(after);
    next = std::min(hold_until_, ask_at_);
    return true;
  }
  if (hold_until_ != SteadyTime::min()) TakeHeld(after);
  if (coordinator_) {
    const auto due = coordinator_->NextTick();
    if (due && *due <= now) Deliver(coordinator_->Tick(now), after);
    next = coordinator_->NextTick();
  }
  return true;
}

void CoordinatorRoom::OnMembers() {
  AfterUnlock after;
  MutexLock lock(mutex_);
  if (!coordinator_) return;
  for (NodeId node = 0; node < known_.size(); ++node) {
    if (known_[node]) coordinator_->SetNode(node, ZoneOf(node));
  }
  const MemberListPtr members = env_.membership.Current();
  std::vector<RoomSeat*> gone;
  for (const auto& [id, seat] : seats_) {
    if (members->Find(seat->from) == nullptr) gone.push_back(seat);
  }
  for (RoomSeat* const seat : gone) {
    Leave(*seat, after);
    Refuse(*seat, PermissionDenied(StrCat("node ", seat->from, " is no member of the swarm any more")), after);
  }
}

uint16_t CoordinatorRoom::ZoneOf(NodeId node) {
  const MemberListPtr members = env_.membership.Current();
  const Member* const member = members->Find(env_.nodes.NameOf(node));
  const std::string zone = member == nullptr ? "" : member->zone;
  return zones_.try_emplace(zone, static_cast<uint16_t>(zones_.size())).first->second;
}

void CoordinatorRoom::Know(NodeId node) {
  if (node == kOrigin) return;
  if (node >= known_.size()) known_.resize(node + 1);
  if (known_[node]) return;
  known_[node] = true;
  coordinator_->SetNode(node, ZoneOf(node));
}

// A node may name others that were in the swarm under the coordinator before this one.
void CoordinatorRoom::KnowAll(const Next& next) {
  for (const InFlight& flying : next.in_flight) Know(flying.source);
  for (const Received& received : next.received) Know(received.source);
  for (const Failed& failed : next.failed) Know(failed.source);
  for (const Hedge& hedge : next.hedges) Know(hedge.late);
}

std::vector<Coordinator::Transfer> CoordinatorRoom::Transfers() const {
  MutexLock lock(mutex_);
  return coordinator_ ? coordinator_->Transfers() : std::vector<Coordinator::Transfer>();
}

}  // namespace ballast
