// Where nobody said the hashes of pieces that are there, a holder of the whole file is asked for them: when a swarm
// forms around a copy from before, and after a takeover.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <vector>

#include "base/clock.h"
#include "swarm/swarm_view.h"

namespace ballast {

// Not thread-safe.
class HashQuestions {
 public:
  struct Question {
    uint32_t file;
    NodeId holder;
  };

  explicit HashQuestions(SwarmView& view) : view_(view) {}

  // Asks for what is wanted in these windows.
  void Ask(std::span<const Window> windows, SteadyTime now);
  // Takes the answer. False: these are not the hashes of such a file.
  bool Answered(NodeId holder, uint32_t file, std::span<const Digest> hashes);
  // Where a holder has said nothing for a while, another is asked beside it: the first may have gone without a word.
  void AskOthers(SteadyTime now);
  // Holders that have said nothing for long: nobody waits for them any more.
  std::vector<NodeId> GiveUp(SteadyTime now);
  // To be asked, since the last call.
  std::vector<Question> Take();

 private:
  struct Asked {
    NodeId holder;
    SteadyTime at;
  };

  bool LacksHash(const Window& window) const;
  std::optional<NodeId> WholeHolder(const SwarmView::File& file, const std::vector<Asked>& but) const;
  void AskHolder(uint32_t file, std::vector<Asked>& asked, SteadyTime now);
  void NobodyIsAsked(uint32_t file);

  SwarmView& view_;
  std::map<uint32_t, std::vector<Asked>> asked_;  // by file; none empty
  std::vector<Question> to_ask_;
};

}  // namespace ballast
