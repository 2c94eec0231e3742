#include "fetch/step.h"

#include <algorithm>

#include "base/strings.h"

namespace ballast::fetch {
namespace {

using std::chrono::milliseconds;

// The pieces of a file that a stream has claimed and not yet received: [first, last).
struct Claim {
  StreamId stream;
  uint32_t first;
  uint32_t last;
};

// One call of Step: the state, the event's time, the effects so far.
class Stepper {
 public:
  Stepper(State& state, SteadyTime now) : state_(state), now_(now) {}

  Effects Take(const Event& event) {
    std::visit([this](const auto& what) { On(what); }, event.what);
    if (state_.ending) {
      EndWhenIdle();
    } else {
      TakeUpPostponed();
      while (state_.jobs() < state_.rules.max_jobs && StartOne()) continue;
      if (state_.done == state_.files.size()) Emit(Finish{OkStatus()});
    }
    return std::move(effects_);
  }

 private:
  template <typename What>
  void Emit(What what) {
    if constexpr (std::is_same_v<What, Finish>) {
      if (std::exchange(state_.finished, true)) return;
    }
    effects_.emplace_back(std::move(what));
  }

  FileState& File(FileIndex index) { return state_.files[index]; }

  // ---- events

  void On(const Tick& tick) {
    if (tick.local_share) state_.sharing_pays = *tick.local_share <= state_.rules.most_local_share;
    if (tick.bytes_received != state_.bytes_received || state_.streams.empty()) {
      state_.bytes_received = tick.bytes_received;
      state_.last_byte_at = now_;
    } else if (now_ - state_.last_byte_at >= state_.rules.stall) {
      state_.last_byte_at = now_;
      Emit(Say{StrCat("no byte came for ", state_.rules.stall.count(), " s: ", state_.streams.size(),
                      " transfers are ended and started anew")});
      CancelStreams();
    }
  }

  void On(const Found& found) {
    --state_.opening;
    if (IsLarge(File(found.file))) --state_.large_left;
    FinishFile(found.file, found.digest);
  }

  void On(const Opened& opened) {
    --state_.opening;
    FileState& file = File(opened.file);
    file.phase = Phase::kActive;
    file.failures = 0;
    file.pieces = opened.pieces;
    state_.active.insert(opened.file);
    CommitIfComplete(opened.file);
  }

  void On(const OpenFailed& failed) {
    --state_.opening;
    if (failed.status.code() != StatusCode::kAborted) return End(failed.status);
    FileState& file = File(failed.file);
    file.phase = Phase::kWaiting;
    state_.postponed.emplace(now_ + Delay(++file.failures), failed.file);
    state_.last_error = failed.status;
  }

  void On(const Advanced& advanced) {
    const auto stream = state_.streams.find(advanced.stream);
    if (stream == state_.streams.end()) return;
    FileState& file = File(stream->second.file);
    const uint64_t size = file.pieces.piece_size();
    for (uint64_t at = stream->second.position; at < advanced.position; at += size) {
      file.pieces.Add(static_cast<uint32_t>(at / size));
    }
    stream->second.position = advanced.position;
    Progressed(file);
  }

  void On(const Ended& ended) {
    const auto stream = state_.streams.find(ended.stream);
    if (stream == state_.streams.end()) return;
    const FileIndex index = stream->second.file;
    state_.streams.erase(stream);
    FileState& file = File(index);
    file.streams.erase(ended.stream);
    file.pieces = ended.pieces;
    if (ended.received) Progressed(file);
    if (!ended.status.ok()) Failed(file, ended);
    if (ended.status.ok() && !ended.received) Failed(file, EmptyAnswer(ended));
    CommitIfComplete(index);
  }

  void On(const Committed& committed) {
    --state_.committing;
    FinishFile(committed.file, committed.digest);
  }

  void On(const CommitFailed& failed) {
    --state_.committing;
    FileState& file = File(failed.file);
    if (failed.status.code() != StatusCode::kDataLoss || ++file.mismatches > 1) return End(failed.status);
    Emit(Say{StrCat(failed.status.message(), "; it is fetched once more")});
    file.phase = Phase::kWaiting;
    state_.waiting.push_front(failed.file);
    if (IsLarge(file)) ++state_.large_left;
  }

  void On(const StopRequested& stop) { End(stop.reason); }

  // ---- what follows from them

  void Progressed(FileState& file) {
    file.failures = 0;
    state_.last_error = OkStatus();
  }

  static Ended EmptyAnswer(Ended ended) {
    ended.status = DataLoss("the source sent nothing and called it complete");
    return ended;
  }

  // Waiting cures DataLoss too: a body of the wrong length is one connection's fault.
  static bool MayPass(const Status& status) { return IsRetryable(status) || status.code() == StatusCode::kDataLoss; }

  void Failed(FileState& file, const Ended& ended) {
    const bool cancelled_by_us = ended.status.code() == StatusCode::kCancelled;
    if (ended.local || !(MayPass(ended.status) || cancelled_by_us)) return End(ended.status);
    if (++file.failures >= state_.rules.max_failures) {
      return End(ended.status.WithContext(StrCat("gave up after ", file.failures, " attempts without progress")));
    }
    file.retry_at = std::max(file.retry_at, now_ + Delay(file.failures));
    state_.last_error = ended.status;
    const milliseconds asked = std::min<milliseconds>(ended.status.retry_after(), state_.rules.max_retry_after);
    if (asked.count() > 0) state_.pause_until = std::max(state_.pause_until, now_ + asked);
  }

  milliseconds Delay(int failures) {
    Backoff backoff(state_.rules.backoff, state_.rules.seed++);
    milliseconds delay{0};
    for (int i = 0; i < failures; ++i) delay = backoff.Next();
    return delay;
  }

  void CommitIfComplete(FileIndex index) {
    FileState& file = File(index);
    if (file.phase != Phase::kActive || !file.pieces.complete() || !file.streams.empty()) return;
    state_.active.erase(index);
    state_.complete.push_back(index);
    if (IsLarge(file)) --state_.large_left;
  }

  void TakeUpPostponed() {
    auto& postponed = state_.postponed;
    for (; !postponed.empty() && postponed.begin()->first <= now_; postponed.erase(postponed.begin())) {
      state_.waiting.push_back(postponed.begin()->second);
    }
  }

  void FinishFile(FileIndex index, const Digest& digest) {
    FileState& file = File(index);
    file.phase = Phase::kDone;
    file.pieces = PieceMap();
    file.digest = digest;
    ++state_.done;
    Emit(Proven{index, digest});
    if (const auto same = state_.same.find(index); same != state_.same.end()) {
      state_.waiting.insert(state_.waiting.begin(), same->second.begin(), same->second.end());
    }
  }

  void End(const Status& reason) {
    if (state_.ending || state_.finished) return;
    state_.ending = reason;
    CancelStreams();
  }

  void CancelStreams() {
    for (const auto& [id, stream] : state_.streams) Emit(Cancel{id});
  }

  void EndWhenIdle() {
    if (state_.jobs() == 0) Emit(Finish{*state_.ending});
  }

  // ---- planning: each starts at most one job

  bool StartOne() { return StartCommit() || StartFirstStream() || StartOpen() || StartFurtherStream(); }

  bool StartCommit() {
    if (state_.complete.empty()) return false;
    const FileIndex index = state_.complete.front();
    state_.complete.pop_front();
    File(index).phase = Phase::kCommitting;
    File(index).pieces = PieceMap();
    ++state_.committing;
    Emit(Commit{index});
    return true;
  }

  bool StartOpen() {
    const size_t limit = 2 * static_cast<size_t>(state_.rules.max_jobs);  // the rest sit out a backoff
    if (state_.waiting.empty() || state_.active.size() >= limit || now_ < state_.pause_until) return false;
    const FileIndex index = state_.waiting.front();
    state_.waiting.pop_front();
    File(index).phase = Phase::kOpening;
    ++state_.opening;
    Emit(Open{index});
    return true;
  }

  bool MayRead(const FileState& file) const { return now_ >= file.retry_at && now_ >= state_.pause_until; }

  bool StartFirstStream() {
    for (const FileIndex index : state_.active) {
      const FileState& file = File(index);
      if (!file.streams.empty() || !MayRead(file)) continue;
      const uint32_t first = file.pieces.FirstMissing();
      StartStream(index, first, EndOfRun(file.pieces, first));
      return true;
    }
    return false;
  }

  // A file that has a stream already gets one more where nothing else is left to do.
  bool StartFurtherStream() {
    if (!state_.sharing_pays) return false;
    std::optional<FileIndex> best;
    uint64_t most = 0;
    for (const FileIndex index : state_.active) {
      const FileState& file = File(index);
      if (file.streams.size() >= state_.rules.max_streams_per_file || !MayRead(file)) continue;
      const uint64_t left = (file.size - file.pieces.BytesHere()) / (file.streams.size() + 1);
      if (left > most && FindExtent(file).has_value()) {
        best = index;
        most = left;
      }
    }
    if (!best) return false;
    const Claim extent = *FindExtent(File(*best));
    if (extent.stream != 0) ShortenStream(extent.stream, File(*best).pieces.Range(extent.first).begin);
    StartStream(*best, extent.first, extent.last);
    return true;
  }

  bool IsLarge(const FileState& file) const { return file.size >= 2 * state_.rules.min_extent; }
  // Small files are over in a moment: only large ones keep all jobs busy.
  bool EnoughFiles() const { return state_.large_left >= static_cast<uint32_t>(state_.rules.max_jobs); }

  // How many pieces a stream takes of a file that several share: the window holds one extent of each.
  uint32_t Extent(const FileState& file) const {
    const uint32_t fair = state_.rules.max_jobs / std::max(state_.large_left, 1U);
    const uint32_t sharers = std::clamp(fair, 1U, state_.rules.max_streams_per_file);
    return std::max(state_.rules.window_pieces / sharers, LeastExtent(file));
  }
  uint32_t LeastExtent(const FileState& file) const {
    const uint64_t size = file.pieces.piece_size();
    return std::max(static_cast<uint32_t>((state_.rules.min_extent + size - 1) / size), 1U);
  }

  // The first piece behind `first` that is here.
  static uint32_t EndOfRun(const PieceMap& pieces, uint32_t first) {
    uint32_t last = first + 1;
    while (last < pieces.count() && !pieces.has(last)) ++last;
    return last;
  }

  std::vector<Claim> Claims(const FileState& file) const {
    std::vector<Claim> claims;
    const uint64_t size = file.pieces.piece_size();
    for (const StreamId id : file.streams) {
      const Stream& stream = state_.streams.at(id);
      claims.push_back({id, static_cast<uint32_t>(stream.position / size),
                        static_cast<uint32_t>((stream.range.end + size - 1) / size)});
    }
    return claims;
  }

  // The next pieces for one more stream of a file; of stream 0 where nobody has claimed them.
  std::optional<Claim> FindExtent(const FileState& file) const {
    const std::vector<Claim> claims = Claims(file);
    const uint32_t frontier = file.pieces.FirstMissing();
    const uint32_t window_end = frontier + std::min(file.pieces.count() - frontier, state_.rules.window_pieces);
    const auto free = FindFree(file, claims, frontier, window_end);
    return free ? free : FindShare(file, claims, window_end);
  }

  std::optional<Claim> FindFree(const FileState& file, const std::vector<Claim>& claims, uint32_t begin,
                                uint32_t end) const {
    const auto is_free = [&](uint32_t piece) {
      return !file.pieces.has(piece) && std::none_of(claims.begin(), claims.end(), [piece](const Claim& claim) {
        return claim.first <= piece && piece < claim.last;
      });
    };
    uint32_t first = begin;
    while (first < end && !is_free(first)) ++first;
    if (first == end) return std::nullopt;
    uint32_t last = first + 1;
    while (last < file.pieces.count() && last - first < Extent(file) && is_free(last)) ++last;
    return Claim{0, first, last};
  }

  // The far part of the longest claim; what is behind the extent is free from then on.
  std::optional<Claim> FindShare(const FileState& file, const std::vector<Claim>& claims, uint32_t window_end) const {
    std::optional<Claim> best;
    for (const Claim& claim : claims) {
      const uint32_t to_go = claim.last - claim.first;  // the piece at `first` is under way
      const uint32_t first = claim.first + std::max(std::min(Extent(file), (to_go + 1) / 2), 1U);
      if (to_go < 2 * LeastExtent(file) || first >= window_end || first >= claim.last) continue;
      if (!best || claim.last - first > best->last - best->first) best = Claim{claim.stream, first, claim.last};
    }
    if (best) best->last = std::min(best->last, best->first + Extent(file));
    return best;
  }

  void ShortenStream(StreamId id, uint64_t end) {
    state_.streams.at(id).range.end = end;
    Emit(Shorten{id, end});
  }

  void StartStream(FileIndex index, uint32_t first, uint32_t last) {
    FileState& file = File(index);
    const StreamId id = state_.next_stream++;
    const ByteRange range{file.pieces.Range(first).begin, file.pieces.Range(last - 1).end};
    if (state_.streams.empty()) state_.last_byte_at = now_;
    state_.streams[id] = Stream{index, range, range.begin};
    file.streams.insert(id);
    Emit(Read{id, index, range});
  }

  State& state_;
  const SteadyTime now_;
  Effects effects_;
};

}  // namespace

State MakeState(const Rules& rules, const std::vector<FileToFetch>& files) {
  State state;
  state.rules = rules;
  state.files.resize(files.size());
  for (FileIndex i = 0; i < files.size(); ++i) {
    state.files[i].size = files[i].size;
    if (files[i].size >= 2 * rules.min_extent) ++state.large_left;
    if (files[i].same_as) {
      state.same[*files[i].same_as].push_back(i);
    } else {
      state.waiting.push_back(i);
    }
  }
  return state;
}

Effects Step(State& state, const Event& event) { return Stepper(state, event.now).Take(event); }

SteadyTime NextTick(const State& state, SteadyTime now) {
  SteadyTime next = now + state.rules.stall;
  if (!state.streams.empty()) next = state.last_byte_at + state.rules.stall;
  if (state.pause_until > now) next = std::min(next, state.pause_until);
  if (!state.postponed.empty()) next = std::min(next, state.postponed.begin()->first);
  const bool may_start = !state.ending && state.pause_until <= now && state.jobs() < state.rules.max_jobs;
  for (const FileIndex index : state.active) {
    const FileState& file = state.files[index];
    if (file.streams.empty() && (may_start || file.retry_at > now)) next = std::min(next, std::max(now, file.retry_at));
  }
  return next;
}

std::string WaitingFor(const State& state, SteadyTime now) {
  const SteadyTime next = NextTick(state, now);
  if (!state.streams.empty()) {
    const auto silent = std::chrono::duration_cast<std::chrono::seconds>(now - state.last_byte_at);
    return silent < std::chrono::seconds(5) ? "" : StrCat("no byte came for ", silent.count(), " s");
  }
  if (state.last_error.ok() || state.opening + state.committing > 0) return "";
  const auto wait = std::chrono::ceil<milliseconds>(std::max(next - now, Duration::zero()));
  const std::string when = wait.count() == 0 ? "now" : "in " + FormatDuration(wait);
  return StrCat(state.last_error.message(), "; next try ", when);
}

}  // namespace ballast::fetch
