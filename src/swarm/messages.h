// What a node and a coordinator say to each other about one model, as values; proto/peer.proto is how they travel.
//
// The model is a manifest. A file is named by its index in Manifest::files() (where files have equal bytes: the first
// of them), a piece by its number, with the piece size that PieceSizeFor() gives. Nodes are numbers here, which each
// process gives out for itself (NodeTable); on the wire they have their names.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "core/digest.h"
#include "core/piece_map.h"

namespace ballast {

using NodeId = uint32_t;
inline constexpr NodeId kOrigin = UINT32_MAX;  // as a source: the hub, not a node

// Pieces are asked for so far ahead of a file's hash frontier, and no farther: the whole-file hash then trails the last
// byte by at most this, and finds what it reads back in the page cache.
inline constexpr uint32_t kWindowPieces = 64;

struct PieceRef {
  uint32_t file = 0;
  uint32_t piece = 0;

  friend auto operator<=>(const PieceRef&, const PieceRef&) = default;
};

// ---- a node says

// All that the node has of the model: the first message, and again whenever it is asked for.
struct Announce {
  struct File {
    uint32_t file = 0;
    PieceMap pieces;
    std::vector<Digest> hashes;  // SHA-256 of each piece that is here, in order; empty where that is not known
  };
  bool origin = true;       // it can reach the origin, as far as it knows
  bool whole = false;       // it has every file, proven; `files` is empty then
  std::vector<File> files;  // of which it has at least one piece
};

// A piece that was checked and written.
struct Received {
  PieceRef piece;
  NodeId source = kOrigin;
  Digest hash;  // SHA-256 of the piece; from the origin: attested by this node
};

enum class FailureReason : uint8_t {
  kUnreachable,  // no connection, or it broke
  kSlow,         // far slower than others, or silent
  kBusy,         // it has too many uploads
  kMissing,      // it does not have the piece
  kCorrupt,      // other bytes than the hash says
  kOrigin,       // the origin refused or failed
  kCancelled,    // not needed any more: another source was faster
};

// What was assigned and will not come this way.
struct Failed {
  PieceRef first;
  uint32_t count = 1;
  NodeId source = kOrigin;
  FailureReason reason = FailureReason::kUnreachable;
};

// Pieces that the node may be given: those of [begin, begin + kWindowPieces) that it lacks.
struct Window {
  uint32_t file = 0;
  uint32_t begin = 0;
};

// Another source for a piece that is late; the first to arrive counts.
struct Hedge {
  PieceRef piece;
  NodeId late = kOrigin;
};

// What the node is fetching: of a run, what is left of it. A coordinator that took over learns from it.
struct InFlight {
  PieceRef first;
  uint32_t count = 1;
  NodeId source = kOrigin;
};

// The node's report and wish. The wish is always complete and replaces the one before; `received`, `failed`, `proven`
// and `unproven` are said once. What the node was given and names nowhere yet is on its way to it: the coordinator
// counts it against the slots.
struct Next {
  uint32_t peer_slots = 0;    // pieces from other nodes that it would begin now
  uint32_t origin_slots = 0;  // runs from the origin that it would begin now
  uint32_t uploads = 0;       // pieces it is sending or has been asked for
  std::vector<Window> windows;
  std::vector<InFlight> in_flight;
  std::vector<Received> received;
  std::vector<Failed> failed;
  std::vector<Hedge> hedges;
  std::vector<uint32_t> proven;    // files whose whole SHA-256 is right
  std::vector<uint32_t> unproven;  // complete, each piece as attested, and yet the whole is not what it must be
};

// ---- a coordinator says

// `count` consecutive pieces of one file from one source. From a node it is one piece.
struct Assignment {
  PieceRef first;
  uint32_t count = 1;
  NodeId source = kOrigin;
  Digest hash;         // of a node's piece: what its SHA-256 must be
  bool hedge = false;  // answers a Hedge: beside the source that is late
};

struct Reply {
  std::vector<Assignment> assignments;
  std::vector<PieceRef> withdrawn;  // their attester was found to be bad: drop them
  bool announce = false;            // say an Announce: nothing is known of you here
};

}  // namespace ballast
