#include "swarm/holder_announcer.h"

#include <algorithm>
#include <atomic>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <thread>
#include <utility>

#include "base/backoff.h"
#include "base/logging.h"
#include "base/mutex.h"
#include "base/strings.h"
#include "base/thread.h"
#include "swarm/hold_plan.h"
#include "swarm/rendezvous.h"

namespace ballast {
namespace {

constexpr std::chrono::minutes kAgain{1};
// Where somebody could not be told: it may be starting, or may not know yet that this node is a member.
constexpr BackoffPolicy kSooner{.initial = std::chrono::milliseconds(500), .max = kAgain};
constexpr Duration kCallTimeout = std::chrono::seconds(2);
constexpr Duration kGoodbye = std::chrono::seconds(1);
constexpr size_t kGoodbyeThreads = 16;

}  // namespace

struct HolderAnnouncer::State {
  explicit State(Parts the_parts) : parts(the_parts) {}

  void Run(const std::stop_token& stop);
  std::optional<std::set<Digest>> Wait(SteadyTime until, const std::stop_token& stop) EXCLUDES(mutex);
  void TellDropped(const std::set<Digest>& now_held, const std::stop_token& stop);
  // False: somebody did not hear it.
  bool TellAll(const std::set<Digest>& now_held, const std::stop_token& stop);
  void Tell(const std::string& node, const std::vector<Digest>& models, HoldPlan& plan, const std::stop_token& stop);
  std::vector<std::string> Candidates(const Digest& model, const MemberListPtr& members);
  Result<HoldAnswer> Call(const std::string& node, const HoldNotice& notice, Duration timeout,
                          const std::stop_token& stop);
  void SayGoodbye();

  const Parts parts;
  Mutex mutex;
  CondVar changed;
  std::set<Digest> held GUARDED_BY(mutex);
  bool news GUARDED_BY(mutex) = false;

  // Of the thread:
  std::map<std::string, std::set<Digest>> told;  // by node

  std::optional<MembershipWatch> watch;
  std::jthread thread;
};

std::optional<std::set<Digest>> HolderAnnouncer::State::Wait(SteadyTime until, const std::stop_token& stop) {
  MutexLock lock(mutex);
  while (!news && !stop.stop_requested() && parts.clock.Steady() < until) changed.WaitUntil(mutex, until);
  news = false;
  if (stop.stop_requested()) return std::nullopt;
  return held;
}

void HolderAnnouncer::State::Run(const std::stop_token& stop) {
  const std::stop_callback wake(stop, [this] {
    MutexLock lock(mutex);
    changed.NotifyAll();
  });
  Backoff sooner(kSooner, static_cast<uint32_t>(std::hash<std::string>()(parts.membership.self()) | 1));
  Duration next = kAgain;
  while (const auto now_held = Wait(parts.clock.Steady() + next, stop)) {
    TellDropped(*now_held, stop);
    const bool all_heard = TellAll(*now_held, stop);
    if (all_heard) sooner.Reset();
    next = all_heard ? Duration(kAgain) : Duration(sooner.Next());
  }
  SayGoodbye();
}

Result<HoldAnswer> HolderAnnouncer::State::Call(const std::string& node, const HoldNotice& notice, Duration timeout,
                                                const std::stop_token& stop) {
  const MemberListPtr members = parts.membership.Current();
  const Member* const member = members->Find(node);
  if (member == nullptr) return Unavailable(StrCat("node ", node, " is no member of the swarm"));
  return parts.transport.Hold(*member, notice, {timeout, stop});
}

void HolderAnnouncer::State::TellDropped(const std::set<Digest>& now_held, const std::stop_token& stop) {
  const auto gone_of = [&now_held](const std::set<Digest>& models) {
    std::vector<Digest> gone;
    std::set_difference(models.begin(), models.end(), now_held.begin(), now_held.end(), std::back_inserter(gone));
    return gone;
  };
  for (auto& [node, models] : told) {
    const std::vector<Digest> gone = gone_of(models);
    if (gone.empty() || stop.stop_requested()) continue;
    for (const Digest& model : gone) models.erase(model);
    // Who does not hear it finds out when it asks for a piece.
    const HoldNotice notice{.held = {}, .dropped = gone, .leaving = false};
    if (node == parts.membership.self()) {
      (void)parts.host.Hold(node, notice);
    } else {
      (void)Call(node, notice, kCallTimeout, stop);
    }
  }
  std::erase_if(told, [](const auto& entry) { return entry.second.empty(); });
}

std::vector<std::string> HolderAnnouncer::State::Candidates(const Digest& model, const MemberListPtr& members) {
  std::vector<std::string> candidates;
  for (const size_t index : RendezvousOrder(model.ToString(), members->members())) {
    const std::string& name = (*members)[index].name;
    if (name != parts.membership.self()) candidates.push_back(name);
    if (candidates.size() == HoldPlan::kCandidates) break;
  }
  return candidates;
}

void HolderAnnouncer::State::Tell(const std::string& node, const std::vector<Digest>& models, HoldPlan& plan,
                                  const std::stop_token& stop) {
  const Result<HoldAnswer> answer = Call(node, {.held = models}, kCallTimeout, stop);
  if (!answer.ok()) {
    VLOG(1) << Message("Not told of models").With("node", node).With("error", answer.status());
    return plan.OnFailed(node);
  }
  told[node].insert(models.begin(), models.end());
  plan.OnTold(node, models);
  for (const HoldAnswer::Elsewhere& elsewhere : answer->elsewhere) {
    if (elsewhere.coordinator != parts.membership.self()) plan.OnElsewhere(elsewhere.model, elsewhere.coordinator);
  }
}

bool HolderAnnouncer::State::TellAll(const std::set<Digest>& now_held, const std::stop_token& stop) {
  if (now_held.empty()) return true;
  const std::string& self = parts.membership.self();
  const std::vector<Digest> all(now_held.begin(), now_held.end());
  if (parts.host.Hold(self, {.held = all}).ok()) told[self].insert(all.begin(), all.end());
  const MemberListPtr members = parts.membership.Current();
  HoldPlan plan;
  for (const Digest& model : all) {
    plan.Add(model, Candidates(model, members));
    const std::string coordinator = parts.host.CoordinatorOf(model);
    if (!coordinator.empty() && coordinator != self) plan.OnElsewhere(model, coordinator);
  }
  for (HoldPlan::Round round = plan.Next(); !round.empty(); round = plan.Next()) {
    for (const auto& [node, models] : round) {
      if (stop.stop_requested()) return false;
      Tell(node, models, plan, stop);
    }
  }
  return !plan.failed();
}

void HolderAnnouncer::State::SayGoodbye() {
  std::vector<std::string> nodes;
  for (const auto& [node, models] : told) {
    if (node != parts.membership.self()) nodes.push_back(node);
  }
  const SteadyTime until = parts.clock.Steady() + kGoodbye;
  std::atomic<size_t> next = 0;
  std::vector<std::jthread> threads;
  for (size_t i = 0; i < std::min(nodes.size(), kGoodbyeThreads); ++i) {
    RunBeside(threads, [&] {
      for (size_t at = next++; at < nodes.size(); at = next++) {
        const Duration left = until - parts.clock.Steady();
        if (left <= Duration::zero()) return;
        (void)Call(nodes[at], {.held = {}, .dropped = {}, .leaving = true}, left, {});
      }
    });
  }
}

HolderAnnouncer::HolderAnnouncer(Parts parts) : state_(std::make_unique<State>(parts)) {
  State& state = *state_;
  state.watch.emplace(parts.membership.Watch([&state](const MemberListPtr&) {
    MutexLock lock(state.mutex);
    state.news = true;
    state.changed.NotifyAll();
  }));
  state.thread = StartThread([&state](const std::stop_token& stop) { state.Run(stop); });
}

HolderAnnouncer::~HolderAnnouncer() {
  state_->watch.reset();
  state_->thread = {};
}

void HolderAnnouncer::SetHeld(std::vector<Digest> models) {
  MutexLock lock(state_->mutex);
  std::set<Digest> held(models.begin(), models.end());
  if (held == state_->held) return;
  state_->held = std::move(held);
  state_->news = true;
  state_->changed.NotifyAll();
}

}  // namespace ballast
