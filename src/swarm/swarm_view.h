// What a coordinator knows of a model's pieces, in the form in which a choice can be made quickly: per zone, who has a
// piece as bits, who may still send as bits. Choosing only reads it; the coordinator changes it.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "core/digest.h"
#include "swarm/messages.h"

namespace ballast {

// A piece of the model, counted through all its files.
using PieceIndex = uint32_t;

// A set of small numbers.
class BitSet {
 public:
  bool Has(size_t bit) const { return bit / 64 < words_.size() && ((words_[bit / 64] >> (bit % 64)) & 1) != 0; }
  void Set(size_t bit, bool value);
  void Resize(size_t bits) { words_.resize((bits + 63) / 64); }
  size_t words() const { return words_.size(); }
  uint64_t word(size_t index) const { return words_[index]; }

 private:
  std::vector<uint64_t> words_;
};

// Not thread-safe. Nodes are known from AddNode() on; asking for others crashes.
class SwarmView {
 public:
  struct Node {
    bool known = false;
    uint16_t zone = 0;
    uint32_t slot = 0;         // its bit in its zone's sets
    bool source = false;       // others may be sent to it
    uint32_t uploads = 0;      // pieces that it is sending, by what was given out here
    uint32_t extra = 0;        // and beyond that
    uint32_t limit = 0;        // that it may send at once
    uint32_t from_origin = 0;  // pieces that it is fetching from there
    BitSet have;
    BitSet pending;  // given to it
  };
  struct Piece {
    uint32_t holders = 0;         // that are sources
    uint16_t origin_fetches = 0;  // nodes that fetch it from the origin now
    bool hashed = false;
    Digest hash;
    NodeId attester = kOrigin;  // who says so
    uint64_t overdue_at = 0;    // fetched from the origin: the origin_received() from which on others have gone past it
  };
  struct File {
    PieceIndex first = 0;
    uint32_t pieces = 0;
    uint32_t piece_size = 0;
    bool hashes_coming = false;  // somebody was asked for the hashes of its pieces
  };

  // `sizes`: 0 for a file that is not to be fetched.
  explicit SwarmView(const std::vector<uint64_t>& sizes);

  // ---- what choosing asks

  size_t files() const { return files_.size(); }
  const File& file(uint32_t index) const { return files_[index]; }
  PieceIndex pieces() const { return static_cast<PieceIndex>(pieces_.size()); }
  const Piece& piece(PieceIndex index) const { return pieces_[index]; }
  // Of a reference that Knows().
  bool Knows(PieceRef ref) const { return ref.file < files_.size() && ref.piece < files_[ref.file].pieces; }
  PieceIndex IndexOf(PieceRef ref) const { return files_[ref.file].first + ref.piece; }
  PieceRef RefOf(PieceIndex index) const;
  bool KnowsNode(NodeId node) const { return node < nodes_.size() && nodes_[node].known; }
  const Node& node(NodeId node) const { return nodes_[node]; }
  NodeId nodes() const { return static_cast<NodeId>(nodes_.size()); }

  uint16_t zones() const { return static_cast<uint16_t>(zones_.size()); }
  // Sets of pieces.
  const BitSet& present() const { return present_; }            // with a holder
  const BitSet& unsourced() const { return unsourced_; }        // with none, and nobody fetches them
  const BitSet& fetched_once() const { return fetched_once_; }  // with none, and one node fetches them
  const BitSet& PresentIn(uint16_t zone) const { return zones_[zone].present; }
  const BitSet& ComingTo(uint16_t zone) const { return zones_[zone].coming_set; }
  uint32_t HoldersIn(uint16_t zone, PieceIndex piece) const { return zones_[zone].holders[piece]; }
  uint32_t ComingTo(uint16_t zone, PieceIndex piece) const { return zones_[zone].coming[piece]; }
  // Sources of the zone that have the piece and may send now, as bits by Node::slot; `word` < WordsOf(zone).
  uint64_t FreeHolders(uint16_t zone, PieceIndex piece, size_t word) const;
  size_t WordsOf(uint16_t zone) const { return zones_[zone].words; }
  bool AnyFree(uint16_t zone) const { return zones_[zone].free_count > 0; }
  NodeId MemberAt(uint16_t zone, size_t slot) const { return zones_[zone].members[slot]; }

  uint32_t origin_nodes() const { return origin_nodes_; }        // that fetch from the origin now
  uint64_t origin_received() const { return origin_received_; }  // pieces that came from there, ever
  uint64_t fetched_again() const { return fetched_again_; }      // given while another fetched them there, ever
  uint32_t unsourced_count() const { return unsourced_count_; }

  // ---- what the coordinator says

  void AddNode(NodeId node, uint16_t zone, uint32_t limit);  // again with another zone: moves it
  void SetSource(NodeId node, bool source);
  void SetLimit(NodeId node, uint32_t limit);
  // What the node itself says that it is sending: more than is known of here, where other coordinators gave it out.
  void SetReportedUploads(NodeId node, uint32_t uploads);
  void AddPiece(NodeId node, PieceIndex piece);
  void RemovePiece(NodeId node, PieceIndex piece);
  void SetHash(PieceIndex piece, const Digest& hash, NodeId attester);
  void ClearHash(PieceIndex piece);
  void SetHashesComing(uint32_t file, bool coming);
  // `receiver` was given the piece, to be had from `source`; and the end of that, however it came. A piece may come
  // from two sources at once: `last` is the end of the only one.
  void Begin(NodeId receiver, PieceIndex piece, NodeId source);
  void End(NodeId receiver, PieceIndex piece, NodeId source, bool last);
  void CountOriginPiece() { ++origin_received_; }
  // How many nodes take turns at the origin.
  void SetRound(uint32_t nodes) { round_ = nodes; }

 private:
  struct Zone {
    std::vector<NodeId> members;  // by slot
    size_t words = 0;
    std::vector<uint64_t> bits;  // piece * words + word
    std::vector<uint64_t> free;  // words
    uint32_t free_count = 0;
    std::vector<uint32_t> holders;  // by piece
    std::vector<uint32_t> coming;
    BitSet present;
    BitSet coming_set;
  };

  void Show(NodeId node, PieceIndex piece, bool shown);
  void UpdateFree(const Node& node);
  void AddZone();
  void Widen(Zone& zone);
  void UpdateSets(PieceIndex index);

  std::vector<File> files_;
  std::vector<Piece> pieces_;
  std::vector<Node> nodes_;
  std::vector<Zone> zones_;
  uint32_t origin_nodes_ = 0;
  uint64_t origin_received_ = 0;
  uint64_t fetched_again_ = 0;
  uint32_t round_ = 1;
  BitSet present_;
  BitSet unsourced_;
  BitSet fetched_once_;
  uint32_t unsourced_count_ = 0;
};

}  // namespace ballast
