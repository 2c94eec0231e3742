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
//
// In a swarm (Rules::swarm) a coordinator plans what comes from where, and the brain carries it out; swarm_plan.h has
// the rules that hold there.
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
#include "swarm/messages.h"

namespace ballast::fetch {

using FileIndex = uint32_t;
using StreamId = uint32_t;

struct SwarmRules {
  // Bytes of pieces in flight from other nodes; slots = buffers / piece size, within what follows. Five of the largest
  // pieces: of 300 simulated nodes with three slots the last needs 13 % more time than with five.
  uint64_t buffers = 80 << 20;
  uint32_t least_slots = 2;
  uint32_t most_slots = 5;     // fewer than a node's uploads: else one that is free finds everybody busy
  uint32_t origin_slots = 1;   // runs from the origin at once
  uint32_t open_pieces = 128;  // files are opened until so many missing pieces lie in their windows
  size_t open_files = 64;
  // A piece is late when it takes so many times the median of recent ones (at the end of the download, when nothing
  // else is left to do: fewer), and `least_late`; `unmeasured_late` before anything is known.
  double late = 3;
  double late_at_the_end = 1.5;
  std::chrono::milliseconds least_late{200};
  std::chrono::milliseconds unmeasured_late{5000};
  uint32_t most_hedges = 2;              // wanted and running
  std::chrono::seconds sign_of_life{2};  // the coordinator hears of us so often while something is under way
  // Of a large model whose pieces come at twice this pace and faster, what came is told together: at the latest after
  // this time, and when half of the slots are free. There is a slot more meanwhile, since some are free untold.
  std::chrono::milliseconds gather{100};
  uint64_t gather_from = uint64_t{1} << 30;  // bytes of the model
  std::chrono::seconds origin_silence{20};  // of one run, without a piece: it is given back (or 3 x what a piece takes)
  std::chrono::seconds give_up{60};         // without a byte, when the origin does not help either
  std::chrono::seconds go_alone{300};       // without a byte, to twice that: past the coordinator, to the origin
  std::chrono::seconds unproven_wait{60};   // and a second per 16 MiB: until somebody says which pieces are bad
  int most_withdrawals = 32;                // of one file; then it is fetched from the origin alone
};

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
  std::optional<SwarmRules> swarm;
};

struct FileToFetch {
  uint64_t size = 0;
  std::optional<FileIndex> same_as;  // has the same bytes as this earlier file: begins when that one is Done
};

// Unproven: in a swarm, whole and yet not what it must be, until it is known which pieces are to blame.
enum class Phase : uint8_t { kWaiting, kOpening, kActive, kCommitting, kUnproven, kDone };

// In a swarm: where a piece came from.
struct PieceFacts {
  bool known = false;
  NodeId source = kOrigin;
  Digest hash;
};

struct FileState {
  uint64_t size = 0;
  Phase phase = Phase::kWaiting;
  PieceMap pieces;             // here; while Active
  std::set<StreamId> streams;  // running
  int failures = 0;            // in a row, without progress
  int mismatches = 0;
  SteadyTime retry_at{};         // no new stream before
  std::optional<Digest> digest;  // Done
  bool alone = true;             // its ranges are planned here; else by a coordinator
  bool duplicate = false;        // has an earlier file's bytes
  // In a swarm:
  std::vector<PieceFacts> facts;  // while Active, by piece; empty: of none
  uint32_t frontier = 0;          // no piece before it is missing
  bool dropping = false;
  std::set<uint32_t> withdrawn;  // to be dropped when the commit has failed
  Status proof;                  // Unproven: why
  SteadyTime give_up_at{};       // Unproven: then it is fetched alone
};

struct Stream {
  FileIndex file = 0;
  ByteRange range;
  uint64_t position = 0;  // a piece border: what lies before it was received
  // In a swarm:
  NodeId source = kOrigin;
  Digest hash;            // of a node's piece
  SteadyTime moved_at{};  // began, or brought a piece
  std::optional<FailureReason> cancelled;
};

// How long the last pieces took, per MiB.
struct Pace {
  std::deque<Duration> took;
  Duration median{};
};

// What the swarm's plan remembers.
struct SwarmState {
  Pace pace;  // of pieces from nodes
  Pace origin_pace;
  std::set<PieceRef> hedges;  // wanted
  std::set<NodeId> corrupt;   // sent other bytes than the hash says: no sources any more
  bool origin_works = true;   // as far as this node knows
  Status origin_error;
  int origin_failures = 0;  // in a row
  SteadyTime origin_retry_at{};
  SteadyTime gained_at{};   // a byte came, or a file was found
  SteadyTime pleaded_at{};  // what it has and lacks was said again, because nothing came
  SteadyTime alone_at{};    // what is left then comes from the origin; 0: not yet decided
  uint32_t in_doubt = 0;    // files that are Unproven
  bool announce = true;     // to be said
  bool news = true;         // the wish has changed
  SteadyTime said_at{};     // the wish
  SteadyTime say_at{};      // what is gathered; 0: nothing is
  uint32_t said_peer_slots = 0;
  uint32_t said_origin_slots = 0;
  std::vector<Received> received;
  std::vector<Failed> failed;
  std::vector<uint32_t> proven;
  std::vector<uint32_t> unproven;
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
  uint64_t bytes_total = 0;        // of all files
  uint32_t large_left = 0;         // files worth sharing among streams that lack pieces
  int opening = 0;
  int committing = 0;
  int dropping = 0;
  uint32_t done = 0;
  StreamId next_stream = 1;
  SteadyTime pause_until{};      // the other side asked for it: no new stream before
  bool sharing_pays = false;     // streams wait for the source
  std::optional<Status> ending;  // why the download ends; nothing new starts
  bool finished = false;         // Finish was said
  Status last_error;             // what is being waited out
  uint64_t bytes_received = 0;   // at the last Tick
  SteadyTime last_byte_at{};
  SwarmState swarm;

  int jobs() const { return opening + committing + dropping + static_cast<int>(streams.size()); }
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
  std::optional<Digest> hash{};  // in a swarm: of the piece that ends here; then said of the last piece, too
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

// In a swarm.

// What the coordinator says.
struct Heard {
  Reply reply;
};
// Answers ReadPiece. OK: it had its hash, and was written. AlreadyExists: another source was faster. DataLoss: it had
// another hash.
struct PieceEnded {
  StreamId stream;
  Status status;
  bool local = false;  // the error is of this machine
};
// Answers Commit: the whole does not have its digest; the bytes are kept.
struct Unproven {
  FileIndex file;
  Status status;
};
// Answers Drop.
struct Dropped {
  FileIndex file;
  Status status;
  PieceMap pieces;  // of the file, now
};

struct Event {
  SteadyTime now;
  std::variant<Tick, Found, Opened, OpenFailed, Advanced, Ended, Committed, CommitFailed, StopRequested, Heard,
               PieceEnded, Unproven, Dropped>
      what;
};

// What to do. Every Open, Read, Commit, ReadPiece and Drop is answered by exactly one event.
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
  std::vector<Digest> pieces;  // in a swarm: the hashes of all its pieces, where they are known; else empty
};                             // this file is here
struct Say {
  std::string text;
};  // for people
struct Finish {
  Status status;
};  // the last effect: no job is left

// In a swarm.
struct ReadPiece {
  StreamId stream;
  PieceRef piece;
  NodeId source;
  Digest hash;
};
struct Drop {
  FileIndex file;
  std::vector<uint32_t> pieces;
};  // they are not here any more; no stream writes them
struct Tell {
  std::variant<Announce, Next> what;
};  // the coordinator
struct Distrust {
  NodeId node;
  PieceRef piece;
};  // it sent other bytes than the hash says, and is asked for nothing more: for people

using Effect = std::variant<Open, Read, Shorten, Cancel, Commit, Proven, Say, Finish, ReadPiece, Drop, Tell, Distrust>;
using Effects = std::vector<Effect>;

State MakeState(const Rules& rules, const std::vector<FileToFetch>& files);

Effects Step(State& state, const Event& event);

// When a Tick is due at the latest: the next retry, a piece that will be late, or the stall limit.
SteadyTime NextTick(const State& state, SteadyTime now);

// Why nothing moves, for people: "hub answers 503; next try in 4.0 s". "" while something does.
std::string WaitingFor(const State& state, SteadyTime now);

}  // namespace ballast::fetch
