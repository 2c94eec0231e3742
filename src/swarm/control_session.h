// A node's session in the swarm of one model: the thread around CoordinatorChoice and SessionOutbox.
#pragma once

#include <deque>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <thread>
#include <variant>

#include "base/clock.h"
#include "base/mutex.h"
#include "core/manifest.h"
#include "swarm/control.h"
#include "swarm/coordinator_choice.h"
#include "swarm/coordinator_host.h"
#include "swarm/membership.h"
#include "swarm/session_outbox.h"
#include "swarm/swarm.h"

namespace ballast {

class ControlSession final : public SwarmSession, private ControlEvents {
 public:
  // All of them outlive it.
  struct Parts {
    Membership& membership;
    ControlTransport& transport;
    CoordinatorHost& host;
    const Clock& clock;
    CoordinatorChoicePolicy policy;
  };

  ControlSession(Parts parts, const Manifest& manifest, SwarmListener& listener);
  ~ControlSession() override;

  void Send(Announce announce) override;
  void Send(Next next) override;

 private:
  // What others have told the thread since it looked last.
  struct Inbox {
    std::deque<std::variant<Announce, Next>> to_say;
    std::deque<FromCoordinator> heard;
    bool written = false;
    std::optional<Status> ended;
    bool members = false;

    bool empty() const { return to_say.empty() && heard.empty() && !written && !ended && !members; }
  };

  void OnMessage(FromCoordinator message) override;
  void OnWritten() override;
  void OnEnd(const Status& why) override;

  void Run(const std::stop_token& stop);
  void WaitForFirstSend(const std::stop_token& stop);
  Inbox Wait(SteadyTime until, const std::stop_token& stop);
  void Deal(Inbox inbox);
  void Hear(FromCoordinator message);
  void Hear(Reply reply);
  void Hear(const Redirect& redirect);
  void Hear(const ManifestWanted& wanted);
  SteadyTime Choose();
  void Call(const CoordinatorChoice::Call& call);
  void HangUp();
  void SendWaiting();
  void FollowMembers();

  const Parts parts_;
  const Manifest& manifest_;
  SwarmListener& listener_;
  const Digest model_;
  const std::shared_ptr<const ModelShape> shape_;

  Mutex mutex_;
  CondVar changed_;
  Inbox inbox_ GUARDED_BY(mutex_);

  // Of the thread:
  CoordinatorChoice choice_;
  SessionOutbox outbox_;
  bool writable_ = false;
  Status ended_;  // why the stream before ended, for the log
  std::unique_ptr<ControlStream> stream_;

  std::optional<MembershipWatch> watch_;
  std::jthread thread_;  // last: it uses the others
};

}  // namespace ballast
