// Plays nodes, an origin, a coordinator, a destination and time against the download brain in a swarm, and holds its
// rules (swarm_plan.h) against every effect.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <deque>
#include <random>

#include "base/strings.h"
#include "fetch/step.h"
#include "fetch/swarm_pace.h"
#include "fetch/testing/fake_coordinator.h"

namespace ballast::fetch {

// The first broken rule fails the test by its name.
struct SwarmWorld {
  static constexpr uint64_t kPiece = 1 << 20;  // bytes, of every file

  struct File {
    uint64_t size;
    PieceMap pieces;
    bool open = false, done = false, committing = false, dropping = false;
    std::optional<FileIndex> same_as;
    int unproven = 0;
  };
  struct Running {
    FileIndex file;
    ByteRange range;
    uint64_t position;
    NodeId source = kOrigin;
    bool cancelled = false;
  };
  // In percent.
  struct Troubles {
    int peers = 0;     // of the pieces from nodes fail
    int corrupt = 0;   // of those by other bytes
    int origin = 0;    // of the steps of a run
    int refusals = 0;  // of those for good
    int unproven = 0;
    int withdrawals = 70;  // of the unproven files: else nobody says which pieces are bad
    int takeovers = 0;
    int here = 20;  // pieces from before
  };

  SwarmWorld(const fetch::Rules& rules, const std::vector<FileToFetch>& inputs, FakeCoordinator::Options how,
             const Troubles& the_troubles)
      : state(MakeState(rules, inputs)),
        random(how.seed),
        troubles(the_troubles),
        coordinator(FilesOf(inputs), how, [](PieceRef piece) { return HashOf(piece); }) {
    for (const FileToFetch& input : inputs)
      files.push_back({input.size, PieceMap(input.size, kPiece), false, false, false, false, input.same_as});
    Do(Tick{0});
  }

  static std::vector<FakeCoordinator::File> FilesOf(const std::vector<FileToFetch>& inputs) {
    std::vector<FakeCoordinator::File> files;
    for (const FileToFetch& input : inputs) files.push_back({input.same_as ? 0 : input.size, kPiece});
    return files;
  }
  static Digest HashOf(PieceRef piece) {
    Digest::Bytes bytes{};
    bytes[0] = 1;
    for (int i = 0; i < 4; ++i) {
      bytes[1 + i] = static_cast<uint8_t>(piece.file >> (8 * i));
      bytes[5 + i] = static_cast<uint8_t>(piece.piece >> (8 * i));
    }
    return Digest(bytes);
  }

  bool Chance(int percent) { return std::uniform_int_distribution<int>(1, 100)(random) <= percent; }
  uint32_t Below(size_t n) { return std::uniform_int_distribution<uint32_t>(0, static_cast<uint32_t>(n - 1))(random); }
  int jobs() const { return static_cast<int>(opens.size() + commits.size() + drops.size() + streams.size()); }
  uint32_t FromNodes() const {
    return static_cast<uint32_t>(
        std::count_if(streams.begin(), streams.end(), [](const auto& s) { return s.second.source != kOrigin; }));
  }
  PieceRef PieceOf(const Running& stream) const {
    return {stream.file, static_cast<uint32_t>(stream.range.begin / kPiece)};
  }

  template <typename What>
  void Do(What what) {
    const Effects effects = Step(state, Event{now, std::move(what)});
    for (const Effect& effect : effects) std::visit([this](const auto& e) { this->Check(e); }, effect);
    EXPECT_EQ(jobs(), state.jobs()) << "rule: the brain knows what runs";
    EXPECT_LE(jobs(), state.rules.max_jobs + static_cast<int>(drops.size())) << "rule: jobs are bounded";
  }

  // ---- the rules

  void Check(const Open& open) {
    EXPECT_FALSE(finished || ending) << "rule: nothing starts once the download ends";
    File& file = files[open.file];
    EXPECT_FALSE(file.done || file.open) << "rule: a file is opened once at a time";
    EXPECT_TRUE(!file.same_as || files[*file.same_as].done) << "rule: equal bytes are fetched once";
    opens.push_back(open.file);
  }
  void Check(const Read& read) {
    EXPECT_FALSE(finished || ending) << "rule: nothing starts once the download ends";
    const File& file = files[read.file];
    EXPECT_TRUE(file.open && !file.committing) << "rule: only open files are read";
    EXPECT_TRUE(read.range.begin % kPiece == 0 && (read.range.end % kPiece == 0 || read.range.end == file.size))
        << "rule: ranges are of whole pieces";
    const bool alone = state.files[read.file].alone;
    const auto runs = streams.size() - FromNodes();
    if (!alone) {
      EXPECT_LT(runs, state.rules.swarm->origin_slots) << "rule: runs from the origin are bounded";
      EXPECT_GE(now, quiet_until) << "rule: a backoff is sat out";
      EXPECT_FALSE(refused) << "rule: an origin that refused for good is not asked again";
    }
    for (uint64_t at = read.range.begin; at < read.range.end; at += kPiece) {
      EXPECT_FALSE(file.pieces.has(static_cast<uint32_t>(at / kPiece))) << "rule: no piece is fetched twice";
      const bool hedge = read.range.size() <= kPiece;
      EXPECT_TRUE(StreamsAt(read.file, at) == 0 || hedge) << "rule: only a late piece has two streams";
    }
    streams[read.stream] = {read.file, read.range, read.range.begin};
  }
  void Check(const ReadPiece& read) {
    EXPECT_FALSE(finished || ending) << "rule: nothing starts once the download ends";
    const auto [index, piece] = read.piece;
    const File& file = files[index];
    EXPECT_TRUE(file.open && !file.committing) << "rule: only open files are read";
    EXPECT_LT(piece, file.pieces.FirstMissing() + kWindowPieces + kWindowPieces) << "rule: pieces come inside a window";
    EXPECT_FALSE(file.pieces.has(piece)) << "rule: what is here is not fetched";
    EXPECT_FALSE(state.files[index].alone);
    EXPECT_FALSE(corrupt.contains(read.source)) << "rule: who sent other bytes is asked for nothing more";
    EXPECT_EQ(read.hash, HashOf(read.piece));
    const ByteRange range = file.pieces.Range(piece);
    const int before = StreamsAt(index, range.begin);
    EXPECT_LE(before, 1) << "rule: a piece has two streams at most";
    if (before == 1) ++hedges;
    streams[read.stream] = {index, range, range.begin, read.source};
    const uint32_t slots = static_cast<uint32_t>(std::clamp<uint64_t>(
        state.rules.swarm->buffers / kPiece, state.rules.swarm->least_slots, state.rules.swarm->most_slots));
    EXPECT_LE(FromNodes(), slots + SlotsToGather(state)) << "rule: pieces from nodes are bounded";
  }
  int StreamsAt(FileIndex index, uint64_t at) const {
    return static_cast<int>(std::count_if(streams.begin(), streams.end(), [&](const auto& one) {
      const Running& stream = one.second;
      return stream.file == index && stream.position <= at && at < stream.range.end;
    }));
  }
  void Check(const Shorten& shorten) {
    Running& stream = streams.at(shorten.stream);
    EXPECT_GT(shorten.end, stream.position);
    stream.range.end = shorten.end;
  }
  void Check(const Cancel& cancel) { streams.at(cancel.stream).cancelled = true; }
  void Check(const Commit& commit) {
    File& file = files[commit.file];
    EXPECT_TRUE(file.pieces.complete()) << "rule: only complete files are committed";
    for (const auto& [id, stream] : streams) EXPECT_NE(stream.file, commit.file) << "rule: no stream during commit";
    EXPECT_FALSE(file.dropping);
    file.committing = true;
    commits.push_back(commit.file);
  }
  void Check(const Drop& drop) {
    File& file = files[drop.file];
    EXPECT_TRUE(file.open && !file.dropping && !file.committing) << "rule: pieces are dropped from open files";
    for (const uint32_t piece : drop.pieces) {
      EXPECT_TRUE(file.pieces.has(piece)) << "rule: only what is here is dropped";
      EXPECT_EQ(StreamsAt(drop.file, piece * kPiece), 0) << "rule: no stream writes what is dropped";
    }
    file.dropping = true;
    drops.push_back(drop);
  }
  void Check(const Proven& proven) { files[proven.file].done = true; }
  void Check(const Say& say) { said.push_back(say.text); }
  void Check(const Distrust& distrust) {
    EXPECT_TRUE(corrupt.contains(distrust.node));
    EXPECT_TRUE(named.insert(distrust.node).second) << "rule: it is named once";
  }
  void Check(const Tell& tell) {
    if (const auto* announce = std::get_if<Announce>(&tell.what)) return coordinator.On(*announce);
    const Next& next = std::get<Next>(tell.what);
    ++nexts;
    EXPECT_LE(next.hedges.size(), state.rules.swarm->most_hedges) << "rule: hedges are bounded";
    for (const Window& window : next.windows) {
      EXPECT_EQ(window.begin, files[window.file].pieces.FirstMissing(0)) << "rule: a window begins where bytes lack";
    }
    for (const uint32_t file : next.unproven) {
      if (!Chance(troubles.withdrawals)) continue;
      std::vector<PieceRef> pieces;
      for (uint32_t piece = 0; piece < files[file].pieces.count(); ++piece) {
        if (pieces.empty() || Chance(20)) pieces.push_back({file, piece});
      }
      coordinator.Withdraw(std::move(pieces));
    }
    const Reply reply = coordinator.On(next);
    if (!reply.assignments.empty() || !reply.withdrawn.empty() || reply.announce) replies.push_back(reply);
  }
  void Check(const Finish& finish) {
    EXPECT_FALSE(finished) << "rule: the end is said once";
    EXPECT_EQ(jobs(), 0) << "rule: nothing runs at the end";
    finished = finish.status;
    EXPECT_EQ(coordinator.broken_rules(), 0) << "rule: " << coordinator.first_broken_rule();
    if (!finish.status.ok()) return;
    EXPECT_TRUE(std::all_of(files.begin(), files.end(), [](const File& f) { return f.done; }))
        << "rule: success is every file";
    if (!coordinator.announced()) return;  // it took over a moment ago
    for (const PieceRef& piece : came) EXPECT_TRUE(coordinator.Has(piece)) << "rule: what came is reported";
    EXPECT_EQ(coordinator.Named(), 0U) << "rule: whatever was begun ends, and is reported so";
  }

  // ---- what the world answers

  void AnswerOpen(size_t i) {
    const FileIndex index = Take(opens, i);
    File& file = files[index];
    if (file.same_as || Chance(troubles.here / 2)) return Do(Found{index, Digest::Of("x")});
    const bool resumed = Chance(50);
    for (uint32_t p = 0; p < file.pieces.count(); ++p) {
      if (resumed && Chance(troubles.here)) file.pieces.Add(p);
    }
    file.open = true;
    Do(Opened{index, file.pieces});
  }
  void AnswerCommit(size_t i) {
    const FileIndex index = Take(commits, i);
    File& file = files[index];
    file.committing = false;
    const bool alone = state.files[index].alone;
    if (!alone && Chance(troubles.unproven)) {
      ++file.unproven;
      return Do(Unproven{index, DataLoss("expected a, got b")});
    }
    file.open = false;
    Do(Committed{index, Digest::Of("x")});
  }
  void AnswerDrop(size_t i) {
    const Drop drop = Take(drops, i);
    File& file = files[drop.file];
    file.dropping = false;
    for (const uint32_t piece : drop.pieces) {
      file.pieces.Remove(piece);
      came.erase({drop.file, piece});
    }
    Do(Dropped{drop.file, OkStatus(), file.pieces});
  }

  void MovePeer(StreamId id) {
    const Running stream = streams.at(id);
    const PieceRef piece = PieceOf(stream);
    if (stream.cancelled && Chance(80)) return EndPeer(id, Cancelled("cancelled"));
    if (!stream.cancelled && Chance(troubles.peers)) return EndPeer(id, SomeError(stream.source));
    if (files[stream.file].pieces.has(piece.piece)) return EndPeer(id, AlreadyExists("it is here"));
    files[stream.file].pieces.Add(piece.piece);
    came.insert(piece);
    bytes += stream.range.size();
    EndPeer(id, OkStatus());
  }
  Status SomeError(NodeId source) {
    if (Chance(troubles.corrupt)) {
      corrupt.insert(source);
      return DataLoss("other bytes");
    }
    switch (Below(4)) {
      case 0:
        return Unavailable("reset");
      case 1:
        return ResourceExhausted("busy");
      case 2:
        return NotFound("not here");
      default:
        return DeadlineExceeded("slow");
    }
  }
  void EndPeer(StreamId id, const Status& status) {
    streams.erase(id);
    Do(fetch::PieceEnded{id, status});
  }

  void MoveOrigin(StreamId id) {
    Running& stream = streams.at(id);
    File& file = files[stream.file];
    const auto piece = static_cast<uint32_t>(stream.position / kPiece);
    if (stream.cancelled) return EndOrigin(id, Cancelled("cancelled"));
    if (Chance(troubles.origin)) {
      if (!refused && Chance(troubles.refusals)) {
        refused = !state.files[stream.file].alone;
        return EndOrigin(id, NotFound("gone from the origin"));
      }
      return EndOrigin(id, Unavailable("503"));
    }
    if (file.pieces.has(piece)) return EndOrigin(id, AlreadyExists("it is here"));
    file.pieces.Add(piece);
    came.insert({stream.file, piece});
    stream.position = std::min(stream.position + kPiece, stream.range.end);
    bytes += kPiece;
    const uint64_t position = stream.position;
    const bool ended = position == stream.range.end;
    Do(Advanced{id, position, HashOf({stream.file, piece})});
    if (ended) EndOrigin(id, OkStatus());
  }
  void EndOrigin(StreamId id, const Status& status) {
    const Running stream = streams.at(id);
    streams.erase(id);
    const bool counts = !state.files[stream.file].alone && MayBeAskedAgain(status);
    if (counts) quiet_until = now + state.rules.backoff.initial / 2;
    Do(Ended{id, status, false, stream.position > stream.range.begin, files[stream.file].pieces});
  }
  static bool MayBeAskedAgain(const Status& status) { return status.code() == StatusCode::kUnavailable; }

  void RandomEvent() {
    const uint32_t choice = Below(12);
    if (choice == 0) now += std::chrono::milliseconds(Below(400) + 1);
    if (choice == 1 && Chance(troubles.takeovers)) {
      replies.clear();
      replies.push_back(coordinator.Begin());
    }
    if (!replies.empty() && Chance(40)) {
      const Reply reply = replies.front();
      replies.pop_front();
      return Do(Heard{reply});
    }
    if (choice <= 1 || jobs() == 0) return Idle();
    size_t job = Below(static_cast<size_t>(jobs()));
    if (job < opens.size()) return AnswerOpen(job);
    job -= opens.size();
    if (job < commits.size()) return AnswerCommit(job);
    job -= commits.size();
    if (job < drops.size()) return AnswerDrop(job);
    const auto stream = std::next(streams.begin(), static_cast<int>(job - drops.size()));
    if (stream->second.source == kOrigin) return MoveOrigin(stream->first);
    if (silent.contains(stream->second.source) && !stream->second.cancelled) return;
    MovePeer(stream->first);
  }
  // Where everything that runs is silent, and nothing else is to come: time goes on.
  void Idle() {
    Do(Tick{bytes});
    const bool all_silent = std::all_of(streams.begin(), streams.end(), [this](const auto& one) {
      return silent.contains(one.second.source) && !one.second.cancelled;
    });
    if (finished || !replies.empty() || !opens.empty() || !commits.empty() || !drops.empty() || !all_silent) return;
    const SteadyTime next = NextTick(state, now);
    EXPECT_GT(next, now) << "rule: never stuck with nothing to wait for";
    now = next;
    Do(Tick{bytes});
  }
  void RunToTheEnd() {
    for (int i = 0; i < 200'000 && !finished && !::testing::Test::HasFailure(); ++i) RandomEvent();
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
  Troubles troubles;
  FakeCoordinator coordinator;
  SteadyTime now{std::chrono::seconds(1000)};
  SteadyTime started{now};
  std::vector<File> files;
  std::vector<FileIndex> opens, commits;
  std::vector<Drop> drops;
  std::map<StreamId, Running> streams;
  std::deque<Reply> replies;
  std::set<PieceRef> came;
  std::set<NodeId> corrupt, named, silent;
  SteadyTime quiet_until{};
  std::vector<std::string> said;
  std::optional<Status> finished;
  bool ending = false;
  bool refused = false;
  uint64_t bytes = 0;
  int nexts = 0;
  int hedges = 0;
};

}  // namespace ballast::fetch
