// What a session has to say to its coordinator and has not said yet, and what the next coordinator must hear again.
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "swarm/control.h"
#include "swarm/messages.h"

namespace ballast {

// A state machine of one thread at a time. Begin() starts a stream; then Pop() gives its messages in their order, of
// which at most one is a Next that waits. No report of the node's is ever lost: what a coordinator has not confirmed
// (FromCoordinator::seen) goes to the one that follows it, unless an Announce says it.
class SessionOutbox {
 public:
  // More of them go in a Next of their own, which wishes for nothing.
  static constexpr size_t kMostReceived = 16 << 10;

  // A new stream; whatever waited for the old one waits on.
  void Begin(Hello hello);
  // The stream wants the manifest, in its canonical spelling.
  void Add(std::shared_ptr<const std::string> manifest);
  // Kept until an Announce has been asked for on this stream (Welcome()).
  void Add(Announce announce);
  void Add(Next next);
  // The coordinator takes this node in and asks for an Announce. False: one waits already, the node needs to say none.
  bool Welcome();
  // An answer is wanted at once: with the Next that waits, or with the last wish again. False: no Next has been said on
  // this stream, and there is nothing to ask with.
  bool AskForAnswer();
  // The coordinator has dealt with all up to this.
  void Seen(uint64_t seq);
  // These pieces count no more.
  void Forget(const std::vector<PieceRef>& withdrawn);

  std::optional<FromNode> Pop();
  // Whether the node waits for its coordinator: it wants pieces and nothing is under way.
  bool starving() const { return starving_; }
  void Assigned() { starving_ = false; }

 private:
  struct Unseen {
    uint64_t seq;
    std::vector<Failed> failed;
  };

  FromNode Numbered(decltype(FromNode::message) message);
  FromNode PopManifest();
  FromNode PopNext();
  bool NextIsDue() const { return announced_ && due_; }

  std::optional<Hello> hello_;
  std::shared_ptr<const std::string> manifest_;
  size_t manifest_sent_ = 0;
  std::optional<Announce> announce_;
  bool welcome_ = false;    // an Announce was asked for on this stream
  bool announced_ = false;  // and said
  bool due_ = false;        // there is a wish or a report to tell
  bool said_next_ = false;  // on this stream
  bool answer_ = false;
  bool starving_ = false;
  uint64_t seq_ = 0;
  Next wish_;     // without reports
  Next reports_;  // that wait, without a wish
  std::deque<Unseen> unseen_;
  std::vector<uint32_t> unproven_;  // and not withdrawn nor proven since
};

}  // namespace ballast
