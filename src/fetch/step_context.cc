#include "fetch/step_context.h"

#include <algorithm>

namespace ballast::fetch {

using std::chrono::milliseconds;

void StepContext::End(const Status& reason) {
  if (state.ending || state.finished) return;
  state.ending = reason;
  CancelStreams(FailureReason::kCancelled);
}

void StepContext::CancelStreams(FailureReason why) {
  for (auto& [id, stream] : state.streams) {
    stream.cancelled = why;
    Emit(Cancel{id});
  }
}

milliseconds StepContext::Delay(int failures) {
  Backoff backoff(state.rules.backoff, state.rules.seed++);
  milliseconds delay{0};
  for (int i = 0; i < failures; ++i) delay = backoff.Next();
  return delay;
}

void StepContext::Obey(const Status& status) {
  const milliseconds asked = std::min<milliseconds>(status.retry_after(), state.rules.max_retry_after);
  if (asked.count() > 0) state.pause_until = std::max(state.pause_until, now + asked);
}

void StepContext::CommitIfComplete(FileIndex index) {
  FileState& file = File(index);
  if (file.phase != Phase::kActive || !file.pieces.complete() || !file.streams.empty() || file.dropping) return;
  state.active.erase(index);
  state.complete.push_back(index);
  if (IsLarge(file)) --state.large_left;
}

StreamId StepContext::AddStream(Stream stream) {
  const StreamId id = state.next_stream++;
  if (state.streams.empty()) state.last_byte_at = now;
  stream.moved_at = now;
  File(stream.file).streams.insert(id);
  state.streams[id] = stream;
  return id;
}

Stream StepContext::TakeStream(StreamId id) {
  const auto found = state.streams.find(id);
  const Stream stream = found->second;
  state.streams.erase(found);
  File(stream.file).streams.erase(id);
  return stream;
}

}  // namespace ballast::fetch
