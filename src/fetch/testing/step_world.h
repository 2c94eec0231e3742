// Plays a source, a destination and time against the download brain, and holds its rules (step.h) against every effect.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <random>

#include "base/strings.h"
#include "fetch/step.h"

namespace ballast::fetch {

constexpr uint64_t kPiece = 1 << 20;  // bytes

// What the rules promise, held against every effect. The first broken rule fails the test by its name.
struct World {
  struct File {
    uint64_t size;
    PieceMap pieces;
    bool open = false, done = false, committing = false;
    std::optional<FileIndex> same_as;
  };
  struct Running {
    FileIndex file;
    ByteRange range;
    uint64_t position;
    bool cancelled = false;
  };

  World(const Rules& rules, const std::vector<FileToFetch>& inputs, uint32_t seed)
      : state(MakeState(rules, inputs)), random(seed) {
    for (const FileToFetch& input : inputs)
      files.push_back({input.size, PieceMap(input.size, kPiece), false, false, false, input.same_as});
    Do(Tick{0});
  }

  int jobs() const { return static_cast<int>(opens.size() + commits.size() + streams.size()); }
  bool Chance(int percent) { return std::uniform_int_distribution<int>(1, 100)(random) <= percent; }
  uint32_t Below(size_t n) { return std::uniform_int_distribution<uint32_t>(0, static_cast<uint32_t>(n - 1))(random); }

  template <typename What>
  void Do(What what) {
    const Effects effects = Step(state, Event{now, std::move(what)});
    for (const Effect& effect : effects) std::visit([this](const auto& e) { this->Check(e); }, effect);
    EXPECT_LE(jobs(), state.rules.max_jobs) << "rule: jobs are bounded";
    EXPECT_EQ(jobs(), state.jobs()) << "rule: the brain knows what runs";
  }

  void Check(const Open& open) {
    EXPECT_FALSE(finished || ending) << "rule: nothing starts once the download ends";
    File& file = files[open.file];
    EXPECT_FALSE(file.done || file.open) << "rule: a file is opened once at a time";
    EXPECT_GE(now, quiet_until[open.file]) << "rule: a backoff is sat out";
    EXPECT_TRUE(!file.same_as || files[*file.same_as].done) << "rule: equal bytes are fetched once";
    opens.push_back(open.file);
  }
  void Check(const Read& read) {
    EXPECT_FALSE(finished || ending) << "rule: nothing starts once the download ends";
    const File& file = files[read.file];
    EXPECT_TRUE(file.open && !file.committing) << "rule: only open files are read";
    EXPECT_LT(read.range.begin, read.range.end);
    EXPECT_EQ(read.range.begin % kPiece, 0U) << "rule: ranges begin at piece borders";
    EXPECT_TRUE(read.range.end % kPiece == 0 || read.range.end == file.size) << "rule: ranges end at piece borders";
    const uint32_t first = static_cast<uint32_t>(read.range.begin / kPiece);
    EXPECT_LT(first, file.pieces.FirstMissing() + state.rules.window_pieces) << "rule: streams start inside the window";
    for (uint64_t at = read.range.begin; at < read.range.end; at += kPiece) {
      EXPECT_FALSE(file.pieces.has(static_cast<uint32_t>(at / kPiece))) << "rule: no piece is fetched twice";
      for (const auto& [id, other] : streams) {
        const bool overlap = other.file == read.file && at >= other.position && at < other.range.end;
        EXPECT_FALSE(overlap) << "rule: no piece has two streams";
      }
    }
    uint32_t of_file = 1;
    for (const auto& [id, other] : streams) of_file += other.file == read.file ? 1 : 0;
    EXPECT_LE(of_file, state.rules.max_streams_per_file) << "rule: streams of a file are bounded";
    EXPECT_GE(now, quiet_until[read.file]) << "rule: a backoff is sat out";
    EXPECT_GE(now, quiet_all) << "rule: the wait that was asked for is sat out";
    streams[read.stream] = {read.file, read.range, read.range.begin};
    ++reads;
  }
  void Check(const Shorten& shorten) {
    Running& stream = streams.at(shorten.stream);
    EXPECT_GT(shorten.end, stream.position) << "rule: a stream keeps the piece it is at";
    EXPECT_LT(shorten.end, stream.range.end);
    EXPECT_EQ(shorten.end % kPiece, 0U);
    stream.range.end = shorten.end;
  }
  void Check(const Cancel& cancel) { streams.at(cancel.stream).cancelled = true; }
  void Check(const Commit& commit) {
    EXPECT_TRUE(files[commit.file].pieces.complete()) << "rule: only complete files are committed";
    for (const auto& [id, stream] : streams)
      EXPECT_NE(stream.file, commit.file) << "rule: no stream writes during commit";
    files[commit.file].committing = true;
    commits.push_back(commit.file);
  }
  void Check(const Proven& proven) { files[proven.file].done = true; }
  void Check(const Say& say) { said.push_back(say.text); }
  void Check(const Finish& finish) {
    EXPECT_FALSE(finished) << "rule: the end is said once";
    EXPECT_EQ(jobs(), 0) << "rule: nothing runs at the end";
    if (finish.status.ok()) {
      EXPECT_TRUE(std::all_of(files.begin(), files.end(), [](const File& f) { return f.done; }))
          << "rule: success is every file";
    }
    finished = finish.status;
  }

  template <typename OfASwarm>
  void Check(const OfASwarm&) {
    ADD_FAILURE() << "rule: nothing is said to a swarm where there is none";
  }

  // ---- what the world answers

  void AnswerOpen(size_t i, int error_percent) {
    const FileIndex index = Take(opens, i);
    File& file = files[index];
    if (file.same_as || Chance(10)) return Do(Found{index, Digest::Of("x")});
    if (Chance(error_percent / 20)) return EndsWith(OpenFailed{index, ResourceExhausted("no room")});
    if (Chance(error_percent)) {
      quiet_until[index] = now + state.rules.backoff.initial / 2;
      return Do(OpenFailed{index, Aborted("another download is running")});
    }
    for (uint32_t p = 0; p < file.pieces.count(); ++p) {
      if (Chance(20)) file.pieces.Add(p);
    }
    file.open = true;
    Do(Opened{index, file.pieces});
  }
  void AnswerCommit(size_t i, int error_percent) {
    const FileIndex index = Take(commits, i);
    File& file = files[index];
    file.committing = file.open = false;
    if (!Chance(error_percent)) return Do(Committed{index, Digest::Of("x")});
    file.pieces = PieceMap(file.size, kPiece);
    if (++mismatches[index] > 1) return EndsWith(CommitFailed{index, DataLoss("expected a, got b")});
    Do(CommitFailed{index, DataLoss("expected a, got b")});
  }
  void Move(StreamId id) {
    Running& stream = streams.at(id);
    File& file = files[stream.file];
    file.pieces.Add(static_cast<uint32_t>(stream.position / kPiece));
    stream.position = std::min(stream.position + kPiece, stream.range.end);
    bytes += kPiece;
    if (stream.position == stream.range.end) return EndStream(id, OkStatus());
    Do(Advanced{id, stream.position});
  }
  void EndStream(StreamId id, const Status& status, bool local = false) {
    const Running stream = streams.at(id);
    streams.erase(id);
    File& file = files[stream.file];
    if (!status.ok() && stream.position > stream.range.begin && Chance(50)) {  // what was buffered is lost
      file.pieces.Remove(static_cast<uint32_t>((stream.position - 1) / kPiece));
    }
    if (!status.ok()) {
      quiet_until[stream.file] = now + state.rules.backoff.initial / 2;
      if (status.retry_after().count() > 0)
        quiet_all = std::max(
            quiet_all, now + std::min<std::chrono::milliseconds>(status.retry_after(), state.rules.max_retry_after));
    }
    Do(Ended{id, status, local, stream.position > stream.range.begin, file.pieces});
  }
  template <typename What>
  void EndsWith(What what) {
    ending = true;
    Do(std::move(what));
  }

  void RandomEvent(int error_percent) {
    const uint32_t choice = Below(10);
    if (choice == 0) now += std::chrono::milliseconds(Below(2000) + 1);
    if (choice <= 1 || jobs() == 0) return Idle();
    const size_t job = Below(static_cast<size_t>(jobs()));
    if (job < opens.size()) return AnswerOpen(job, error_percent);
    if (job < opens.size() + commits.size()) return AnswerCommit(job - opens.size(), error_percent / 4);
    const auto stream = std::next(streams.begin(), static_cast<int>(job - opens.size() - commits.size()));
    const StreamId id = stream->first;
    if (stream->second.cancelled) return EndStream(id, Cancelled("cancelled"));
    if (!Chance(error_percent)) return Move(id);
    EndStream(id, Chance(20)   ? Unavailable("429").WithRetryAfter(std::chrono::seconds(3))
                  : Chance(20) ? DataLoss("short body")
                               : Unavailable("503"));
  }
  void Idle() {
    Do(Tick{bytes, Chance(50) ? 0.1 : 0.9});
    if (jobs() > 0 || finished) return;
    const SteadyTime next = NextTick(state, now);  // only time can bring it on
    EXPECT_GT(next, now) << "rule: never stuck with nothing to wait for";
    now = next;
    Do(Tick{bytes});
  }
  void RunToTheEnd(int error_percent) {
    for (int i = 0; i < 200'000 && !finished && !::testing::Test::HasFailure(); ++i) RandomEvent(error_percent);
    EXPECT_TRUE(finished.has_value()) << "rule: every download ends";
  }

  template <typename T>
  static T Take(std::vector<T>& list, size_t i) {
    const T value = list[i];
    list.erase(list.begin() + static_cast<int64_t>(i));
    return value;
  }

  State state;
  std::minstd_rand random;
  SteadyTime now{std::chrono::seconds(1000)};
  std::vector<File> files;
  std::vector<FileIndex> opens, commits;
  std::map<StreamId, Running> streams;
  std::map<FileIndex, SteadyTime> quiet_until;
  std::map<FileIndex, int> mismatches;
  SteadyTime quiet_all{};
  std::vector<std::string> said;
  std::optional<Status> finished;
  bool ending = false;
  uint64_t bytes = 0;
  int reads = 0;
};

}  // namespace ballast::fetch
