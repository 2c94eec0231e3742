#include "swarm/coordinator_host.h"

#include <algorithm>
#include <atomic>
#include <map>
#include <thread>
#include <utility>

#include "base/logging.h"
#include "base/mutex.h"
#include "base/strings.h"
#include "base/thread.h"
#include "base/worker_pool.h"
#include "swarm/coordinator_directory.h"
#include "swarm/coordinator_room.h"

namespace ballast {
namespace {

constexpr Duration kLongestSleep = std::chrono::seconds(1);

}  // namespace

struct CoordinatorHost::State final : public RoomHelper {
  State(Parts the_parts, const CoordinatorHostOptions& the_options)
      : parts(std::move(the_parts)), options(the_options) {}

  std::shared_ptr<CoordinatorRoom> RoomOf(const Digest& model) EXCLUDES(mutex);
  std::shared_ptr<CoordinatorRoom> FindRoom(const Digest& model) const EXCLUDES(mutex);
  std::vector<std::shared_ptr<CoordinatorRoom>> Rooms() const EXCLUDES(mutex);
  bool IsActive(const Digest& model) const {
    const auto room = FindRoom(model);
    return room != nullptr && room->active();
  }

  void Ask(std::shared_ptr<CoordinatorRoom> room, std::vector<std::string> nodes) override;
  void AskAgain(std::shared_ptr<CoordinatorRoom> room, std::vector<std::string> nodes) override;
  void Claim(std::shared_ptr<CoordinatorRoom> room) override;
  void ClaimTo(std::shared_ptr<CoordinatorRoom> room, const std::string& node) override;
  void Load(std::shared_ptr<CoordinatorRoom> room) override;
  void AskForHashes(std::shared_ptr<CoordinatorRoom> room, Coordinator::HashesWanted wanted,
                    const Digest& blob) override;
  void WakeAt(SteadyTime at) override;
  bool CountActive(bool active) override;

  Result<CoordinatesAnswer> AskNode(const std::string& node, const CoordinatesQuery& query, const CallLimit& limit);
  struct Said {
    std::string coordinator;  // "": nobody knows of one
    bool by_all = true;
  };
  Said AskAll(const Digest& model, const std::vector<std::string>& nodes, const CallLimit& limit);
  void LearnHolder(const Digest& model, const std::string& holder);
  void ClaimNow(CoordinatorRoom& room, const std::string& node, const std::stop_token& stop);
  Result<std::vector<Digest>> HashesOf(const std::string& holder, const Digest& blob, const std::stop_token& stop);

  void RunTimer(const std::stop_token& stop);
  std::optional<SteadyTime> TickAll(SteadyTime now);
  void ClaimAll();
  void ForgetStrangers();

  const Parts parts;
  const CoordinatorHostOptions options;
  CoordinatorDirectory directory;
  std::atomic<size_t> active = 0;
  std::atomic<size_t> claims = 0;  // to be said

  mutable Mutex mutex;
  std::map<Digest, std::shared_ptr<CoordinatorRoom>> rooms GUARDED_BY(mutex);

  Mutex timer_mutex;
  CondVar timer_changed;
  std::atomic<SteadyTime::rep> wake_at{SteadyTime::max().time_since_epoch().count()};
  std::atomic<bool> members_changed = false;

  WorkerPool questions{"swarm-ask", 2};  // short ones
  WorkerPool hashes{"swarm-hashes", 2};
  std::jthread timer;
  std::optional<MembershipWatch> watch;
};

// ---- rooms

std::shared_ptr<CoordinatorRoom> CoordinatorHost::State::RoomOf(const Digest& model) {
  MutexLock lock(mutex);
  std::shared_ptr<CoordinatorRoom>& room = rooms[model];
  if (!room) {
    room = std::make_shared<CoordinatorRoom>(model, CoordinatorRoom::Env{.membership = parts.membership,
                                                                         .nodes = parts.nodes,
                                                                         .directory = directory,
                                                                         .clock = parts.clock,
                                                                         .options = options,
                                                                         .helper = *this,
                                                                         .quarantined = parts.quarantined});
  }
  return room;
}

std::shared_ptr<CoordinatorRoom> CoordinatorHost::State::FindRoom(const Digest& model) const {
  MutexLock lock(mutex);
  const auto room = rooms.find(model);
  return room == rooms.end() ? nullptr : room->second;
}

std::vector<std::shared_ptr<CoordinatorRoom>> CoordinatorHost::State::Rooms() const {
  MutexLock lock(mutex);
  std::vector<std::shared_ptr<CoordinatorRoom>> all;
  for (const auto& [model, room] : rooms) all.push_back(room);
  return all;
}

// ---- what rooms need

void CoordinatorHost::State::Ask(std::shared_ptr<CoordinatorRoom> room, std::vector<std::string> nodes) {
  questions.Submit([this, room = std::move(room), nodes = std::move(nodes)](const std::stop_token& stop) {
    const Said said = AskAll(room->model(), nodes, {options.ask_timeout, stop});
    room->Asked(said.coordinator, !said.by_all);
  });
}

void CoordinatorHost::State::AskAgain(std::shared_ptr<CoordinatorRoom> room, std::vector<std::string> nodes) {
  questions.Submit([this, room = std::move(room), nodes = std::move(nodes)](const std::stop_token& stop) {
    const Said said = AskAll(room->model(), nodes, {options.blind_wait, stop});
    room->AskedAgain(said.by_all);
  });
}

void CoordinatorHost::State::Claim(std::shared_ptr<CoordinatorRoom> room) {
  ++claims;
  questions.Submit([this, room = std::move(room)](const std::stop_token& stop) {
    for (const std::string& node : room->Neighbours()) ClaimNow(*room, node, stop);
    --claims;
  });
}

void CoordinatorHost::State::ClaimTo(std::shared_ptr<CoordinatorRoom> room, const std::string& node) {
  questions.Submit([this, room = std::move(room), node](const std::stop_token& stop) { ClaimNow(*room, node, stop); });
}

void CoordinatorHost::State::Load(std::shared_ptr<CoordinatorRoom> room) {
  questions.Submit(
      [this, room = std::move(room)](const std::stop_token&) { room->Loaded(parts.manifests(room->model())); });
}

void CoordinatorHost::State::AskForHashes(std::shared_ptr<CoordinatorRoom> room, Coordinator::HashesWanted wanted,
                                          const Digest& blob) {
  hashes.Submit([this, room = std::move(room), wanted, blob](const std::stop_token& stop) {
    const std::string holder = parts.nodes.NameOf(wanted.holder);
    const Result<std::vector<Digest>> found = HashesOf(holder, blob, stop);
    if (!found.ok()) {
      LOG(WARNING) << Message("A node that has a file does not say the hashes of its pieces")
                          .With("node", holder)
                          .With("file", blob)
                          .With("error", found.status());
    }
    room->OnHashes(wanted, found.ok() ? *found : std::vector<Digest>());
  });
}

Result<std::vector<Digest>> CoordinatorHost::State::HashesOf(const std::string& holder, const Digest& blob,
                                                             const std::stop_token& stop) {
  if (holder == parts.membership.self()) return parts.hashes.PieceHashes(blob, stop);
  const MemberListPtr members = parts.membership.Current();
  const Member* const member = members->Find(holder);
  if (member == nullptr) return Unavailable(StrCat("node ", holder, " is no member of the swarm"));
  return parts.transport.PieceHashes(*member, blob, {options.hashes_timeout, stop});
}

Result<CoordinatesAnswer> CoordinatorHost::State::AskNode(const std::string& node, const CoordinatesQuery& query,
                                                          const CallLimit& limit) {
  const MemberListPtr members = parts.membership.Current();
  const Member* const member = members->Find(node);
  if (member == nullptr) return Unavailable(StrCat("node ", node, " is no member of the swarm"));
  return parts.transport.Coordinates(*member, query, limit);
}

// All at once: one that is dead costs no more than a moment. The answer of a node that coordinates itself counts most.
CoordinatorHost::State::Said CoordinatorHost::State::AskAll(const Digest& model, const std::vector<std::string>& nodes,
                                                            const CallLimit& limit) {
  std::vector<std::optional<std::string>> answers(nodes.size());
  {
    std::vector<std::jthread> threads;
    for (size_t i = 0; i < nodes.size(); ++i) {
      RunBeside(threads, [this, &model, &limit, &node = nodes[i], &answer = answers[i]] {
        const Result<CoordinatesAnswer> said = AskNode(node, {.model = model, .claim = false}, limit);
        if (!said.ok()) {
          LOG(INFO) << Message("A node does not say who coordinates a model, and who has it")
                           .With("model", model)
                           .With("node", node)
                           .With("error", said.status());
          return;
        }
        answer = said->coordinator;
        for (const std::string& holder : said->holders) LearnHolder(model, holder);
      });
    }
  }
  Said said{.by_all = std::ranges::all_of(answers, [](const auto& answer) { return answer.has_value(); })};
  for (size_t i = 0; i < nodes.size(); ++i) {
    if (answers[i] == nodes[i]) return {nodes[i], said.by_all};
    if (said.coordinator.empty()) said.coordinator = answers[i].value_or("");
  }
  return said;
}

// From one who was told before this node was here. Full: it goes without.
void CoordinatorHost::State::LearnHolder(const Digest& model, const std::string& holder) {
  if (parts.membership.Current()->Find(holder) == nullptr || !directory.Holds(model, holder).ok()) return;
  if (const auto room = FindRoom(model)) room->OnHolder(holder);
}

void CoordinatorHost::State::ClaimNow(CoordinatorRoom& room, const std::string& node, const std::stop_token& stop) {
  if (stop.stop_requested() || !room.active()) return;
  const Result<CoordinatesAnswer> answer =
      AskNode(node, {.model = room.model(), .claim = true}, {options.ask_timeout, stop});
  if (!answer.ok()) return;
  for (const std::string& holder : answer->holders) LearnHolder(room.model(), holder);
  if (answer->coordinator == node) room.YieldTo(node);
}

bool CoordinatorHost::State::CountActive(bool one_more) {
  if (!one_more) {
    --active;
    return true;
  }
  if (active.fetch_add(1) < options.max_models) return true;
  --active;
  return false;
}

// ---- the timer

void CoordinatorHost::State::WakeAt(SteadyTime at) {
  const auto wanted = at.time_since_epoch().count();
  if (wanted >= wake_at.load()) return;
  MutexLock lock(timer_mutex);
  if (wanted >= wake_at.load()) return;
  wake_at = wanted;
  timer_changed.NotifyAll();
}

std::optional<SteadyTime> CoordinatorHost::State::TickAll(SteadyTime now) {
  std::optional<SteadyTime> soonest;
  for (const auto& room : Rooms()) {
    std::optional<SteadyTime> next;
    if (!room->Tick(now, next)) {
      MutexLock lock(mutex);
      // Whoever has found the room a moment ago keeps it; it is not found again.
      if (room.use_count() <= 2) rooms.erase(room->model());
      continue;
    }
    if (next && (!soonest || *next < *soonest)) soonest = next;
  }
  return soonest;
}

// Not while those of the time before are still being said: nodes that don't answer take a while.
void CoordinatorHost::State::ClaimAll() {
  if (claims > 0) return;
  for (const auto& room : Rooms()) {
    if (room->active()) Claim(room);
  }
}

// A node that has gone for good says nothing of it. One that comes back says anew what it has.
void CoordinatorHost::State::ForgetStrangers() {
  for (const auto& [model, node] : directory.KeepOnly(*parts.membership.Current())) {
    if (const auto room = FindRoom(model)) room->OnHolderGone(node);
  }
}

void CoordinatorHost::State::RunTimer(const std::stop_token& stop) {
  const std::stop_callback wake(stop, [this] { WakeAt(SteadyTime::min()); });
  SteadyTime claims_due = parts.clock.Steady() + options.claim_every;
  while (!stop.stop_requested()) {
    const SteadyTime now = parts.clock.Steady();
    const bool members_new = members_changed.exchange(false);
    if (members_new) {
      ForgetStrangers();
      for (const auto& room : Rooms()) room->OnMembers();
    }
    if (members_new || now >= claims_due) {
      ClaimAll();
      claims_due = now + options.claim_every;
    }
    wake_at = (now + kLongestSleep).time_since_epoch().count();
    const auto soonest = TickAll(now);
    if (soonest) WakeAt(*soonest);
    MutexLock lock(timer_mutex);
    for (;;) {
      const SteadyTime until{SteadyTime::duration(wake_at.load())};
      if (stop.stop_requested() || members_changed || parts.clock.Steady() >= until) break;
      timer_changed.WaitUntil(timer_mutex, std::min(until, std::chrono::steady_clock::now() + kLongestSleep));
    }
  }
}

// ---- the node's end of a stream

namespace {

class Joined final : public JoinedNode {
 public:
  using FindRoom = std::function<std::shared_ptr<CoordinatorRoom>(const Digest&)>;

  Joined(const std::string& from, std::shared_ptr<JoinOutlet> outlet, FindRoom find)
      : seat_{.from = from, .outlet = std::move(outlet)}, find_(std::move(find)) {}
  ~Joined() override {
    if (room_) room_->Gone(seat_);
  }

  std::shared_ptr<const ModelShape> shape() const override {
    if (!shape_ && room_) shape_ = room_->shape();
    return shape_;
  }

  Status On(FromNode message) override {
    if (!room_) {
      const auto* const hello = std::get_if<Hello>(&message.message);
      if (hello == nullptr) return InvalidArgument("a stream that does not begin with Hello");
      room_ = find_(hello->model);
    }
    return room_->On(seat_, std::move(message));
  }

 private:
  RoomSeat seat_;
  const FindRoom find_;
  std::shared_ptr<CoordinatorRoom> room_;
  mutable std::shared_ptr<const ModelShape> shape_;
};

}  // namespace

CoordinatorHost::CoordinatorHost(Parts parts, const CoordinatorHostOptions& options)
    : state_(std::make_unique<State>(std::move(parts), options)) {
  State& state = *state_;
  state.timer = StartThread([&state](const std::stop_token& stop) { state.RunTimer(stop); });
  state.watch.emplace(state.parts.membership.Watch([&state](const MemberListPtr&) {
    state.members_changed = true;
    state.WakeAt(SteadyTime::min());
  }));
}

CoordinatorHost::~CoordinatorHost() {
  state_->watch.reset();
  state_->timer = {};
  state_->questions.Stop();
  state_->hashes.Stop();
}

std::unique_ptr<JoinedNode> CoordinatorHost::Join(const std::string& from, std::shared_ptr<JoinOutlet> outlet) {
  return std::make_unique<Joined>(from, std::move(outlet),
                                  [this](const Digest& model) { return state_->RoomOf(model); });
}

Result<HoldAnswer> CoordinatorHost::Hold(const std::string& from, const HoldNotice& notice) {
  HoldAnswer answer;
  std::vector<Digest> dropped = notice.dropped;
  if (notice.leaving) dropped = state_->directory.Leaves(from);
  for (const Digest& model : dropped) {
    state_->directory.Drops(model, from);
    if (const auto room = state_->FindRoom(model)) room->OnHolderGone(from);
  }
  if (notice.leaving) return answer;
  for (const Digest& model : notice.held) {
    RETURN_IF_ERROR(state_->directory.Holds(model, from));
    if (const auto room = state_->FindRoom(model)) room->OnHolder(from);
    const std::string coordinator = CoordinatorOf(model);
    if (!coordinator.empty() && coordinator != state_->parts.membership.self() && coordinator != from)
      answer.elsewhere.push_back({model, coordinator});
  }
  return answer;
}

Result<CoordinatesAnswer> CoordinatorHost::Coordinates(const std::string& from, const CoordinatesQuery& query) {
  CoordinatesAnswer answer{.holders = HoldersOf(query.model)};
  if (answer.holders.size() > kMostHoldersNamed) answer.holders.resize(kMostHoldersNamed);
  if (!query.claim || state_->parts.membership.Current()->Find(from) == nullptr) {
    answer.coordinator = CoordinatorOf(query.model);
    return answer;
  }
  answer.coordinator = from;
  if (const auto room = state_->FindRoom(query.model)) {
    answer.coordinator = room->OnClaim(from);
    return answer;
  }
  const SteadyTime now = state_->parts.clock.Steady();
  state_->directory.Claimed(query.model, from, now, now + 3 * state_->options.claim_every);
  return answer;
}

Result<std::vector<Digest>> CoordinatorHost::PieceHashes(const Digest& blob, std::stop_token stop) {
  return state_->parts.hashes.PieceHashes(blob, std::move(stop));
}

Result<Resolved> CoordinatorHost::Resolve(const ResolveQuery& query, std::stop_token stop) {
  return state_->parts.resolver.Resolve(query, std::move(stop));
}

void CoordinatorHost::Found(const Digest& model, const std::string& coordinator) {
  state_->directory.Found(model, coordinator, state_->parts.clock.Steady() + 3 * state_->options.claim_every);
}

void CoordinatorHost::Lost(const Digest& model) { state_->directory.Lost(model); }

std::string CoordinatorHost::CoordinatorOf(const Digest& model) const {
  if (state_->IsActive(model)) return state_->parts.membership.self();
  const std::string known = state_->directory.CoordinatorOf(model, state_->parts.clock.Steady());
  const bool counts = known != state_->parts.membership.self() && state_->parts.membership.Current()->Find(known);
  return counts ? known : "";
}

std::vector<std::string> CoordinatorHost::HoldersOf(const Digest& model) const {
  return state_->directory.HoldersOf(model);
}

std::vector<Coordinator::Transfer> CoordinatorHost::Transfers(const Digest& model) const {
  const auto room = state_->FindRoom(model);
  return room ? room->Transfers() : std::vector<Coordinator::Transfer>();
}

}  // namespace ballast
