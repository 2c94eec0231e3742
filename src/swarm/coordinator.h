// The coordinator of one model's pieces: who has what, who fetches what from whom, and what each node shall do next. A
// state machine: no clock, no thread, no I/O, no names; it holds a few bytes per piece and node, and no data.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "base/clock.h"
#include "swarm/hash_questions.h"
#include "swarm/messages.h"

namespace ballast {

struct CoordinatorPolicy {
  uint32_t max_uploads = 6;               // pieces that one node sends at once
  uint32_t max_origin_nodes = 16;         // nodes that are sent to the origin at once
  uint32_t origin_run_bytes = 256 << 20;  // the longest range that the origin is asked for
  // Of a node that is connected and fetches something: what it was given is given to others.
  Duration silence = std::chrono::seconds(5);
  uint32_t corrupt_reports = 2;  // by so many nodes: then it is no source for anybody
};

// Of one thread at a time.
class Coordinator {
 public:
  struct Outgoing {
    NodeId node;
    Reply reply;
  };
  using Outbox = std::vector<Outgoing>;
  // The hashes of a file's pieces are not known here, but a node has the file, proven: ask it.
  using HashesWanted = HashQuestions::Question;

  // `sizes`: of the manifest's files; 0 where an earlier file has the same bytes.
  Coordinator(const std::vector<uint64_t>& sizes, const CoordinatorPolicy& policy);
  ~Coordinator();

  // A node of the swarm, or another zone for it. Before anything else is heard of it. Ids are small numbers.
  void SetNode(NodeId node, uint16_t zone);

  // What was heard from a node; the answers are for it and for others that waited.
  Outbox On(NodeId node, const Announce& announce, SteadyTime now);
  Outbox On(NodeId node, const Next& next, SteadyTime now);
  // It has gone (the connection broke, or it said so): what it was to bring comes from elsewhere; what it has is not
  // asked for until it is heard again. But whoever has all of it is a source all the same, as OnHolder says it.
  Outbox OnGone(NodeId node, SteadyTime now);
  // It has nothing of the model any more.
  Outbox OnDropped(NodeId node, SteadyTime now);
  // It holds the whole model and is not connected: a source all the same, until somebody cannot reach it.
  Outbox OnHolder(NodeId node, SteadyTime now);
  // The answer to HashesWanted; empty: it has none.
  Outbox OnHashes(NodeId holder, uint32_t file, std::span<const Digest> hashes, SteadyTime now);
  Outbox Tick(SteadyTime now);
  // When Tick is due; nothing while nobody is connected.
  std::optional<SteadyTime> NextTick() const;

  // What is to be asked of whom since the last call.
  std::vector<HashesWanted> TakeHashesWanted();

  // Nodes that sent or attested wrong bytes, since the last call: they are asked for nothing any more. Each is named
  // once.
  std::vector<NodeId> TakeQuarantined();

  // For status: what is under way.
  struct Transfer {
    PieceRef first;
    uint32_t count;
    NodeId source;
    NodeId receiver;
  };
  std::vector<Transfer> Transfers() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace ballast
