// Whom a node takes as the coordinator of a model, and when it gives it up. A state machine: no clock, no I/O.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"

namespace ballast {

struct CoordinatorChoicePolicy {
  Duration call_timeout = std::chrono::seconds(2);  // from Hello to the first word
  Duration ping_starving =
      std::chrono::milliseconds(500);             // of silence, while the node waits for it; then twice that..
  Duration ping_quiet = std::chrono::seconds(2);  // of silence otherwise
  Duration ping_timeout = std::chrono::milliseconds(1500);
  Duration away = std::chrono::seconds(30);  // a node that failed is passed over for so long
  uint32_t max_redirects = 10;               // in a row: then that node has failed
  Duration call_self_again = std::chrono::milliseconds(200);
};

// Of one thread at a time.
class CoordinatorChoice {
 public:
  // Say Hello to `node`, over a new stream; the one before is given up.
  struct Call {
    std::string node;
    std::vector<std::string> unreachable;  // sorted
    uint32_t redirects = 0;
  };

  CoordinatorChoice(std::string self, CoordinatorChoicePolicy policy) : self_(std::move(self)), policy_(policy) {}

  // The members by rendezvous order of the model; self is among them. A coordinator that is no member any more is left;
  // one that is stays, whatever its place is now.
  void SetOrder(std::vector<std::string> order);

  // Events of the current stream.
  void OnHeard(SteadyTime now);  // any message
  void OnWelcome();              // it takes this node in
  void OnRedirect(const std::string& node, SteadyTime now);
  void OnBroken(SteadyTime now);  // it ended
  void OnSent(SteadyTime now);    // a message has gone: before the first word, a long manifest is no silence
  // It was asked for an answer; anything heard from now on is one.
  void OnAsked(SteadyTime now);

  // What is to be done now: a call, or (`ask`) to ask for an answer. `starving`: this node waits for its coordinator.
  struct Step {
    std::optional<Call> call;
    bool ask = false;
    SteadyTime next;  // call Next() again then, if nothing happens before
  };
  Step Next(bool starving, SteadyTime now);

  // "" before the first call.
  const std::string& current() const { return current_; }
  // Whether the stream still counts: after it was given up, nothing of it does.
  bool attached() const { return phase_ != Phase::kNone; }
  bool welcome() const { return phase_ == Phase::kWelcome; }

 private:
  enum class Phase { kNone, kCalled, kWelcome };

  void GiveUp(SteadyTime now);
  Step CallFirst(SteadyTime now);
  Step CallNow(const std::string& node, SteadyTime now);
  bool IsAway(const std::string& node, SteadyTime now) const;
  bool IsMember(const std::string& node) const;
  SteadyTime AskAt(bool starving) const;

  const std::string self_;
  const CoordinatorChoicePolicy policy_;
  std::vector<std::string> order_;
  std::map<std::string, SteadyTime> away_;  // until when
  Phase phase_ = Phase::kNone;
  std::string current_;
  std::optional<std::string> wanted_;  // to be called next, as a redirect said
  uint32_t redirects_ = 0;
  SteadyTime called_{};
  SteadyTime heard_{};
  std::optional<SteadyTime> asked_;  // and not answered
  int asks_ = 0;                     // since the node began to starve
};

}  // namespace ballast
