#include "fetch/step.h"

#include <algorithm>

#include "base/strings.h"
#include "fetch/alone_plan.h"
#include "fetch/swarm_plan.h"

namespace ballast::fetch {
namespace {

using std::chrono::milliseconds;

constexpr int kLeastJobsBesides = 2;  // to open and commit files while every slot is taken

// The life cycle of files, and whose turn it is.
class Stepper {
 public:
  Stepper(State& state, SteadyTime now)
      : context_(state, now), alone_(context_), swarm_(context_), state_(state), now_(now) {}

  Effects Take(const Event& event) {
    std::visit([this](const auto& what) { On(what); }, event.what);
    if (InSwarm() && !state_.ending) swarm_.Review();
    if (state_.ending) {
      EndWhenIdle();
    } else {
      TakeUpPostponed();
      while (StartOne()) continue;
      if (InSwarm()) swarm_.Speak();
      if (state_.done == state_.files.size()) context_.Emit(Finish{OkStatus()});
    }
    return std::move(context_.effects);
  }

 private:
  bool InSwarm() const { return state_.rules.swarm.has_value(); }
  FileState& File(FileIndex index) { return state_.files[index]; }

  // ---- events

  void On(const Tick& tick) {
    if (tick.local_share) state_.sharing_pays = *tick.local_share <= state_.rules.most_local_share;
    if (tick.bytes_received != state_.bytes_received) swarm_.Gained();
    if (tick.bytes_received != state_.bytes_received || state_.streams.empty()) {
      state_.bytes_received = tick.bytes_received;
      state_.last_byte_at = now_;
    } else if (now_ - state_.last_byte_at >= state_.rules.stall) {
      state_.last_byte_at = now_;
      context_.Emit(Say{StrCat("no byte came for ", state_.rules.stall.count(), " s: ", state_.streams.size(),
                               " transfers are ended and started anew")});
      context_.CancelStreams(FailureReason::kSlow);
    }
  }

  void On(const Found& found) {
    --state_.opening;
    if (context_.IsLarge(File(found.file))) --state_.large_left;
    FinishFile(found.file, found.digest);
  }

  void On(const Opened& opened) {
    --state_.opening;
    FileState& file = File(opened.file);
    file.phase = Phase::kActive;
    file.failures = 0;
    file.pieces = opened.pieces;
    state_.active.insert(opened.file);
    if (InSwarm()) swarm_.Opened(opened.file);
    context_.CommitIfComplete(opened.file);
  }

  void On(const OpenFailed& failed) {
    --state_.opening;
    if (failed.status.code() != StatusCode::kAborted) return context_.End(failed.status);
    FileState& file = File(failed.file);
    file.phase = Phase::kWaiting;
    state_.postponed.emplace(now_ + context_.Delay(++file.failures), failed.file);
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
    if (InSwarm() && advanced.hash) swarm_.Advanced(stream->second, *advanced.hash);
  }

  void On(const Ended& ended) {
    if (!state_.streams.contains(ended.stream)) return;
    const Stream stream = context_.TakeStream(ended.stream);
    FileState& file = File(stream.file);
    if (file.alone) {
      file.pieces = ended.pieces;
      if (ended.received) Progressed(file);
      if (!ended.status.ok()) Failed(file, ended);
      if (ended.status.ok() && !ended.received) Failed(file, EmptyAnswer(ended));
    } else {
      swarm_.RunEnded(stream, ended);
    }
    context_.CommitIfComplete(stream.file);
  }

  void On(const Committed& committed) {
    --state_.committing;
    FinishFile(committed.file, committed.digest);
  }

  void On(const CommitFailed& failed) {
    --state_.committing;
    FileState& file = File(failed.file);
    if (failed.status.code() != StatusCode::kDataLoss || ++file.mismatches > 1) return context_.End(failed.status);
    context_.Emit(Say{StrCat(failed.status.message(), "; it is fetched once more")});
    file.phase = Phase::kWaiting;
    state_.waiting.push_front(failed.file);
    if (context_.IsLarge(file)) ++state_.large_left;
  }

  void On(const StopRequested& stop) { context_.End(stop.reason); }
  void On(const Heard& heard) { swarm_.Heard(heard.reply); }
  void On(const PieceEnded& ended) { swarm_.PieceEnded(ended); }
  void On(const Unproven& unproven) { swarm_.Unproven(unproven); }
  void On(const Dropped& dropped) { swarm_.Dropped(dropped); }

  // ---- what follows from them

  void Progressed(FileState& file) {
    file.failures = 0;
    state_.last_error = OkStatus();
  }

  static Ended EmptyAnswer(Ended ended) {
    ended.status = DataLoss("the source sent nothing and called it complete");
    return ended;
  }

  void Failed(FileState& file, const Ended& ended) {
    const bool cancelled_by_us = ended.status.code() == StatusCode::kCancelled;
    if (ended.local || !(MayPass(ended.status) || cancelled_by_us)) return context_.End(ended.status);
    if (++file.failures >= state_.rules.max_failures) {
      return context_.End(
          ended.status.WithContext(StrCat("gave up after ", file.failures, " attempts without progress")));
    }
    file.retry_at = std::max(file.retry_at, now_ + context_.Delay(file.failures));
    state_.last_error = ended.status;
    context_.Obey(ended.status);
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
    file.digest = digest;
    ++state_.done;
    Proven proven{index, digest, {}};
    if (InSwarm()) {
      proven.pieces = swarm_.Proven(index);
    } else {
      file.pieces = PieceMap();
    }
    context_.Emit(std::move(proven));
    if (const auto same = state_.same.find(index); same != state_.same.end()) {
      state_.waiting.insert(state_.waiting.begin(), same->second.begin(), same->second.end());
    }
  }

  void EndWhenIdle() {
    if (state_.jobs() == 0) context_.Emit(Finish{*state_.ending});
  }

  // ---- planning: each starts at most one job

  bool StartOne() {
    if (JobsOfOurs() >= MostJobsOfOurs()) return false;
    return StartCommit() || alone_.StartFirstStream() || StartOpen() || alone_.StartFurtherStream();
  }

  // In a swarm the slots that the coordinator is told of are kept free for what it says.
  int MostJobsOfOurs() const { return state_.rules.max_jobs - (InSwarm() ? MostSwarmSlots(state_) : 0); }
  int JobsOfOurs() const {
    const auto planned_elsewhere = [this](const auto& stream) { return !state_.files[stream.second.file].alone; };
    return state_.jobs() -
           (InSwarm() ? static_cast<int>(std::count_if(state_.streams.begin(), state_.streams.end(), planned_elsewhere))
                      : 0);
  }

  bool StartCommit() {
    if (state_.complete.empty()) return false;
    const FileIndex index = state_.complete.front();
    state_.complete.pop_front();
    File(index).phase = Phase::kCommitting;
    if (!InSwarm()) File(index).pieces = PieceMap();
    ++state_.committing;
    context_.Emit(Commit{index});
    return true;
  }

  bool StartOpen() {
    if (state_.waiting.empty() || now_ < state_.pause_until || !MayOpenOneMore()) return false;
    const FileIndex index = state_.waiting.front();
    state_.waiting.pop_front();
    File(index).phase = Phase::kOpening;
    ++state_.opening;
    context_.Emit(Open{index});
    return true;
  }

  bool MayOpenOneMore() const {
    const size_t limit = 2 * static_cast<size_t>(state_.rules.max_jobs);  // the rest sit out a backoff
    return InSwarm() ? swarm_.MayOpenOneMore() : state_.active.size() < limit;
  }

  StepContext context_;
  AlonePlan alone_;
  SwarmPlan swarm_;
  State& state_;
  const SteadyTime now_;
};

}  // namespace

State MakeState(const Rules& rules, const std::vector<FileToFetch>& files) {
  State state;
  state.rules = rules;
  state.files.resize(files.size());
  for (FileIndex i = 0; i < files.size(); ++i) {
    state.files[i].size = files[i].size;
    state.bytes_total += files[i].size;
    state.files[i].alone = !rules.swarm;
    state.files[i].duplicate = files[i].same_as.has_value();
    if (files[i].size >= 2 * rules.min_extent) ++state.large_left;
    if (files[i].same_as) {
      state.same[*files[i].same_as].push_back(i);
    } else {
      state.waiting.push_back(i);
    }
  }
  if (rules.swarm) state.rules.max_jobs = std::max(rules.max_jobs, MostSwarmSlots(state) + kLeastJobsBesides);
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
    if (file.alone && file.streams.empty() && (may_start || file.retry_at > now))
      next = std::min(next, std::max(now, file.retry_at));
  }
  return state.rules.swarm ? std::min(next, NextSwarmTick(state, now)) : next;
}

std::string WaitingFor(const State& state, SteadyTime now) {
  const SteadyTime next = NextTick(state, now);
  if (!state.streams.empty()) {
    const auto silent = std::chrono::duration_cast<std::chrono::seconds>(now - state.last_byte_at);
    return silent < std::chrono::seconds(5) ? "" : StrCat("no byte came for ", silent.count(), " s");
  }
  if (state.opening + state.committing > 0) return "";
  if (state.last_error.ok()) return state.rules.swarm ? SwarmWaitsFor(state, now) : "";
  const auto wait = std::chrono::ceil<milliseconds>(std::max(next - now, Duration::zero()));
  const std::string when = wait.count() == 0 ? "now" : "in " + FormatDuration(wait);
  return StrCat(state.last_error.message(), "; next try ", when);
}

}  // namespace ballast::fetch
