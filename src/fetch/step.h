// The download brain: what to do next, as a pure function of what is known and what just happened. No clock (`now`
// comes with each event), no threads, no I/O: fetcher.cc is its shell, and a simulation may be another.
//
// Every file goes Waiting -> Opening -> Active (streams fill its pieces) -> Committing -> Done. The rules it keeps:
//   * every file becomes Done, or the download ends with the reason why not;
//   * a piece never has two streams; jobs (opens, streams, commits) never exceed Rules::max_jobs;
//   * a stream starts less than `window_pieces` behind its file's first missing piece, where the whole-file hash waits;
//   * few long ranges: where there are large files enough, one stream runs to the end of its file; else streams share a
//     file in extents, and a free stream takes over the far part of a long one (what is under way then comes twice);
//   * what only time cures is tried again after a backoff with jitter, or when the other side asked for it; progress
//     forgets the failures before it; what time doesn't cure ends the download at once;
//   * a file whose bytes another download is bringing waits for it, however long that takes;
//   * bytes that don't have their digest are fetched once more, by a fresh attempt;
//   * no byte for `stall` while streams run: they are ended and planned anew, and that is said.
#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <variant>
#include <vector>

#include "base/backoff.h"
#include "base/clock.h"
#include "base/status.h"
#include "core/digest.h"
#include "core/piece_map.h"

namespace ballast::fetch {

using FileIndex = uint32_t;
using StreamId = uint32_t;

struct Rules {
  int max_jobs = 16;  // opens, streams and commits at once
  uint32_t max_streams_per_file = 8;
  uint32_t window_pieces = 64;
  uint64_t min_extent = 8 << 20;  // bytes; a file is never shared in smaller ranges
  BackoffPolicy backoff;
  int max_failures = 8;  // of one file, in a row, without a byte of progress
  std::chrono::seconds max_retry_after{300};
  std::chrono::seconds stall{60};
  double most_local_share = 0.5;  // of the streams' time spent on this machine; above it more streams don't help
  uint32_t seed = 1;              // of the jitter
};

struct FileToFetch {
  uint64_t size = 0;
  std::optional<FileIndex> same_as;  // has the same bytes as this earlier file: begins when that one is Done
};

enum class Phase : uint8_t { kWaiting, kOpening, kActive, kCommitting, kDone };

struct FileState {
  uint64_t size = 0;
  Phase phase = Phase::kWaiting;
  PieceMap pieces;             // here; while Active
  std::set<StreamId> streams;  // running
  int failures = 0;            // in a row, without progress
  int mismatches = 0;
  SteadyTime retry_at{};         // no new stream before
  std::optional<Digest> digest;  // Done
};

struct Stream {
  FileIndex file = 0;
  ByteRange range;
  uint64_t position = 0;  // a piece border: what lies before it was received
};

struct State {
  Rules rules;
  std::vector<FileState> files;
  std::map<StreamId, Stream> streams;
  std::map<FileIndex, std::vector<FileIndex>> same;  // files that wait for this one's bytes
  std::deque<FileIndex> waiting;
  std::multimap<SteadyTime, FileIndex> postponed;  // wait for another download of the same bytes, until then
  std::set<FileIndex> active;
  std::deque<FileIndex> complete;  // every piece is here, to be committed
  uint32_t large_left = 0;         // files worth sharing among streams that lack pieces
  int opening = 0;
  int committing = 0;
  uint32_t done = 0;
  StreamId next_stream = 1;
  SteadyTime pause_until{};      // the other side asked for it: no new stream before
  bool sharing_pays = false;     // streams wait for the source
  std::optional<Status> ending;  // why the download ends; nothing new starts
  bool finished = false;         // Finish was said
  Status last_error;             // what is being waited out
  uint64_t bytes_received = 0;   // at the last Tick
  SteadyTime last_byte_at{};

  int jobs() const { return opening + committing + static_cast<int>(streams.size()); }
};

// What happened.

// Time has gone on. The first one starts the download.
struct Tick {
  uint64_t bytes_received = 0;          // by all streams, ever
  std::optional<double> local_share{};  // of the streams' time since the last measure: writing and hashing, not waiting
};
// Answers Open: proven bytes are here.
struct Found {
  FileIndex file;
  Digest digest;
};
// Answers Open.
struct Opened {
  FileIndex file;
  PieceMap pieces;
};
// Answers Open. Aborted: somebody else is downloading the same bytes; it is asked again later. All else is final.
struct OpenFailed {
  FileIndex file;
  Status status;
};
// The stream reached this piece border; what lies before it is kept.
struct Advanced {
  StreamId stream;
  uint64_t position;
};
// Answers Read.
struct Ended {
  StreamId stream;
  Status status;
  bool local = false;     // the error is of this machine (no space, I/O), not of the source
  bool received = false;  // at least one piece came
  PieceMap pieces;        // of the file, now
};
struct Committed {
  FileIndex file;
  Digest digest;
};
// DataLoss: not the bytes that were promised.
struct CommitFailed {
  FileIndex file;
  Status status;
};
struct StopRequested {
  Status reason;
};

struct Event {
  SteadyTime now;
  std::variant<Tick, Found, Opened, OpenFailed, Advanced, Ended, Committed, CommitFailed, StopRequested> what;
};

// What to do. Every Open, Read and Commit is answered by exactly one event.
struct Open {
  FileIndex file;
};
struct Read {
  StreamId stream;
  FileIndex file;
  ByteRange range;
};
struct Shorten {
  StreamId stream;
  uint64_t end;
};  // a piece border that the stream hasn't reached; it then ends OK
struct Cancel {
  StreamId stream;
};  // it still answers with Ended
struct Commit {
  FileIndex file;
};
struct Proven {
  FileIndex file;
  Digest digest;
};  // this file is here
struct Say {
  std::string text;
};  // for people
struct Finish {
  Status status;
};  // the last effect: no job is left

using Effect = std::variant<Open, Read, Shorten, Cancel, Commit, Proven, Say, Finish>;
using Effects = std::vector<Effect>;

State MakeState(const Rules& rules, const std::vector<FileToFetch>& files);

Effects Step(State& state, const Event& event);

// When a Tick is due at the latest: the next retry or the stall limit.
SteadyTime NextTick(const State& state, SteadyTime now);

// Why nothing moves, for people: "hub answers 503; next try in 4.0 s". "" while something does.
std::string WaitingFor(const State& state, SteadyTime now);

}  // namespace ballast::fetch
