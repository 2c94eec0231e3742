#include "swarm/control_session.h"

#include <utility>

#include "base/logging.h"
#include "base/strings.h"
#include "base/thread.h"
#include "swarm/local_stream.h"
#include "swarm/merge.h"
#include "swarm/rendezvous.h"

namespace ballast {

ControlSession::ControlSession(Parts parts, const Manifest& manifest, SwarmListener& listener)
    : parts_(parts),
      manifest_(manifest),
      listener_(listener),
      model_(manifest.Id()),
      shape_(std::make_shared<const ModelShape>(ModelShape::Of(manifest))),
      choice_(parts.membership.self(), parts.policy) {
  FollowMembers();
  watch_.emplace(parts_.membership.Watch([this](const MemberListPtr&) {
    MutexLock lock(mutex_);
    inbox_.members = true;
    changed_.NotifyOne();
  }));
  thread_ = StartThread([this](const std::stop_token& stop) { Run(stop); });
}

ControlSession::~ControlSession() {
  watch_.reset();
  thread_ = {};
}

// ---- told by others

void ControlSession::Send(Announce announce) {
  MutexLock lock(mutex_);
  inbox_.to_say.emplace_back(std::move(announce));
  changed_.NotifyOne();
}

void ControlSession::Send(Next next) {
  MutexLock lock(mutex_);
  auto* const last = inbox_.to_say.empty() ? nullptr : std::get_if<Next>(&inbox_.to_say.back());
  if (last != nullptr) {
    *last = Merged(std::move(*last), std::move(next));
    return;
  }
  inbox_.to_say.emplace_back(std::move(next));
  changed_.NotifyOne();
}

void ControlSession::OnMessage(FromCoordinator message) {
  MutexLock lock(mutex_);
  inbox_.heard.push_back(std::move(message));
  changed_.NotifyOne();
}

void ControlSession::OnWritten() {
  MutexLock lock(mutex_);
  inbox_.written = true;
  changed_.NotifyOne();
}

void ControlSession::OnEnd(const Status& why) {
  MutexLock lock(mutex_);
  inbox_.ended = why;
  changed_.NotifyOne();
}

// ---- the thread

ControlSession::Inbox ControlSession::Wait(SteadyTime until, const std::stop_token& stop) {
  MutexLock lock(mutex_);
  while (inbox_.empty() && !stop.stop_requested() && parts_.clock.Steady() < until) changed_.WaitUntil(mutex_, until);
  return std::exchange(inbox_, {});
}

void ControlSession::WaitForFirstSend(const std::stop_token& stop) {
  MutexLock lock(mutex_);
  while (inbox_.to_say.empty() && !stop.stop_requested()) changed_.Wait(mutex_);
}

void ControlSession::Run(const std::stop_token& stop) {
  const std::stop_callback wake(stop, [this] {
    MutexLock lock(mutex_);
    changed_.NotifyOne();
  });
  WaitForFirstSend(stop);
  SteadyTime next = SteadyTime::min();
  while (!stop.stop_requested()) {
    Deal(Wait(next, stop));
    next = Choose();
    SendWaiting();
  }
  HangUp();
  parts_.host.Found(model_, "");
}

void ControlSession::Deal(Inbox inbox) {
  if (inbox.members) FollowMembers();
  for (auto& said : inbox.to_say) {
    std::visit([this](auto& message) { outbox_.Add(std::move(message)); }, said);
  }
  if (inbox.written) {
    writable_ = true;
    choice_.OnSent(parts_.clock.Steady());
  }
  for (FromCoordinator& message : inbox.heard) {
    if (stream_ && choice_.attached()) Hear(std::move(message));
  }
  if (inbox.ended && stream_) {
    ended_ = *inbox.ended;
    choice_.OnBroken(parts_.clock.Steady());
  }
}

void ControlSession::FollowMembers() {
  const MemberListPtr members = parts_.membership.Current();
  std::vector<std::string> order;
  for (const size_t index : RendezvousOrder(model_.ToString(), members->members()))
    order.push_back((*members)[index].name);
  choice_.SetOrder(std::move(order));
}

void ControlSession::Hear(FromCoordinator message) {
  choice_.OnHeard(parts_.clock.Steady());
  outbox_.Seen(message.seen);
  std::visit([this](auto& heard) { Hear(std::move(heard)); }, message.message);
}

void ControlSession::Hear(Reply reply) {
  if (!choice_.welcome()) {
    choice_.OnWelcome();
    parts_.host.Found(model_, choice_.current());
    LOG(INFO) << Message("In a swarm").With("model", model_).With("coordinator", choice_.current());
  }
  if (reply.announce) reply.announce = outbox_.Welcome();
  outbox_.Forget(reply.withdrawn);
  if (!reply.assignments.empty()) outbox_.Assigned();
  if (reply.announce || !reply.assignments.empty() || !reply.withdrawn.empty()) listener_.OnReply(reply);
}

void ControlSession::Hear(const Redirect& redirect) { choice_.OnRedirect(redirect.node, parts_.clock.Steady()); }

void ControlSession::Hear(const ManifestWanted& /*wanted*/) {
  outbox_.Add(std::make_shared<const std::string>(manifest_.Canonical()));
}

SteadyTime ControlSession::Choose() {
  const SteadyTime now = parts_.clock.Steady();
  const CoordinatorChoice::Step step = choice_.Next(outbox_.starving(), now);
  if (step.call) Call(*step.call);
  if (step.ask && outbox_.AskForAnswer()) choice_.OnAsked(now);
  return step.next;
}

void ControlSession::Call(const CoordinatorChoice::Call& call) {
  if (!ended_.ok() || !call.unreachable.empty()) {
    LOG(WARNING) << Message("The next node is asked to coordinate")
                        .With("model", model_)
                        .With("node", call.node)
                        .With("do not answer", Join(call.unreachable, ", "))
                        .With("last error", ended_);
  }
  ended_ = OkStatus();
  if (stream_) parts_.host.Lost(model_);
  HangUp();
  const MemberListPtr members = parts_.membership.Current();
  const Member* const member = members->Find(call.node);
  if (member == nullptr) return;  // it left just now: the watch says so, too
  outbox_.Begin(
      {.model = model_, .membership = members->hash(), .unreachable = call.unreachable, .redirects = call.redirects});
  stream_ = call.node == parts_.membership.self() ? JoinLocally(parts_.host, call.node, *this)
                                                  : parts_.transport.Join(*member, shape_, *this);
  writable_ = true;
}

// What the old stream said and nobody has looked at is void; what the node wants to say is not.
void ControlSession::HangUp() {
  if (!stream_) return;
  stream_.reset();
  writable_ = false;
  MutexLock lock(mutex_);
  inbox_.heard.clear();
  inbox_.written = false;
  inbox_.ended.reset();
}

void ControlSession::SendWaiting() {
  while (stream_ && writable_) {
    std::optional<FromNode> message = outbox_.Pop();
    if (!message) return;
    writable_ = false;
    stream_->Send(*std::move(message));
    MutexLock lock(mutex_);
    writable_ = std::exchange(inbox_.written, false);
  }
}

}  // namespace ballast
