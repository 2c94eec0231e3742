// Who attested wrong bytes? When a file is complete, each piece as attested, and the whole is not what it must be, then
// somebody who fetched a part of it from the origin lied, or its memory did. One node finds out who: it gives up the
// pieces of one attester after another and fetches them from the origin itself; the first hash that differs names the
// attester. That costs one more copy of the file at most.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <vector>

#include "swarm/swarm_view.h"

namespace ballast {

// Decides; the coordinator acts. Not thread-safe.
class AttesterAudit {
 public:
  // What `node`, for which the proof of `file` failed, shall give up and fetch from the origin, and from nobody else:
  // ToFetch() from then on. Empty: another node looks into it already, or all attesters were looked at and none was
  // wrong.
  std::vector<PieceIndex> OnUnproven(const SwarmView& view, NodeId node, uint32_t file);
  // A piece came from the origin: its attester, if this shows that it was wrong. The audit of the file is over then.
  std::optional<NodeId> OnReceived(const SwarmView& view, NodeId node, PieceIndex piece, const Digest& hash);
  // What the node has still to fetch so.
  const std::set<PieceIndex>& ToFetch(NodeId node) const;
  // Of its files, others that wait may be asked: OnUnproven() for each of them again.
  struct Waiting {
    NodeId node;
    uint32_t file;
  };
  std::vector<Waiting> OnGone(NodeId node);

 private:
  struct Audit {
    NodeId auditor;
    std::optional<NodeId> suspect;
    std::set<NodeId> cleared;
    std::set<NodeId> waiting;
  };

  std::map<uint32_t, Audit> audits_;                 // by file
  std::map<NodeId, std::set<PieceIndex>> to_fetch_;  // by auditor
};

}  // namespace ballast
