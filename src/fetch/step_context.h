// One call of Step, as its parts see it: the state, the time, the effects so far.
#pragma once

#include <utility>

#include "fetch/step.h"

namespace ballast::fetch {

class StepContext {
 public:
  StepContext(State& the_state, SteadyTime time) : state(the_state), now(time) {}

  template <typename What>
  void Emit(What what) {
    if constexpr (std::is_same_v<What, Finish>) {
      if (std::exchange(state.finished, true)) return;
    }
    effects.emplace_back(std::move(what));
  }
  FileState& File(FileIndex index) { return state.files[index]; }
  const FileState& File(FileIndex index) const { return state.files[index]; }

  // The download ends with `reason` as soon as nothing runs.
  void End(const Status& reason);
  void CancelStreams(FailureReason why);
  // So long after the n-th failure in a row.
  std::chrono::milliseconds Delay(int failures);
  // Nothing is asked for before the time that the other side named.
  void Obey(const Status& status);
  void CommitIfComplete(FileIndex index);
  bool IsLarge(const FileState& file) const { return file.size >= 2 * state.rules.min_extent; }
  StreamId AddStream(Stream stream);
  // Forgets the stream; its end has come.
  Stream TakeStream(StreamId id);

  State& state;
  const SteadyTime now;
  Effects effects;
};

// Waiting cures DataLoss too: a body of the wrong length is one connection's fault.
inline bool MayPass(const Status& status) { return IsRetryable(status) || status.code() == StatusCode::kDataLoss; }

}  // namespace ballast::fetch
