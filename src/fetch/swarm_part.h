// What a download is given to take part in a swarm.
#pragma once

#include <cstdint>
#include <functional>
#include <stop_token>
#include <vector>

#include "core/manifest.h"
#include "fetch/step.h"
#include "origin/origin.h"
#include "swarm/swarm.h"

namespace ballast {

// Everything it refers to outlives the download. Its functions are called from the download's threads, several at once.
struct SwarmPart {
  Swarm& swarm;
  const Manifest& manifest;  // of the very files that are fetched

  // Runs from the origin at once: one connection of each of few nodes may not fill its pipe. OriginSlotsFor().
  uint32_t origin_slots = 1;

  // So many bytes are about to be asked of a node: blocks where a rate is to be held. Not OK: they are not asked.
  std::function<Status(NodeId node, uint64_t bytes, const std::stop_token& stop)> admit =
      [](NodeId, uint64_t, const std::stop_token&) { return OkStatus(); };
  // So many bytes came from a node, whatever becomes of them.
  std::function<void(NodeId node, uint64_t bytes)> count = [](NodeId, uint64_t) {};
  // Pieces that this node is sending, or has been asked for: what the coordinator is told.
  std::function<uint32_t()> uploads = [] { return 0U; };
  // A file is proven, and so are the hashes of all its pieces.
  std::function<void(const Digest& blob, const std::vector<Digest>& pieces)> proven_pieces =
      [](const Digest&, const std::vector<Digest>&) {};

  fetch::SwarmRules rules{};  // origin_slots in it is the one above
};

inline uint32_t OriginSlotsFor(size_t members) {
  constexpr size_t kConnections = 8;  // of the swarm together, at least
  return static_cast<uint32_t>(std::max<size_t>(1, kConnections / std::max<size_t>(members, 1)));
}

// `model` with its files in the manifest's order, each with its sha256: a file's index is the same in both.
// InvalidArgument where they are not the same files.
Result<ResolvedModel> InOrderOf(const Manifest& manifest, const ResolvedModel& model);

}  // namespace ballast
