// proto/peer.proto <-> swarm/control.h. Reading is strict: what could not have been written by a node of this version
// or a later one (an index, count, digest or name out of its range) is InvalidArgument, and nothing of the message
// counts.
#pragma once

#include <string>
#include <vector>

#include "base/status.h"
#include "swarm/control.h"
#include "swarm/node_table.h"

namespace ballast::peer::v1 {
class FromNode;
class FromCoordinator;
class HoldRequest;
class HoldResponse;
class CoordinatesRequest;
class CoordinatesResponse;
class PieceHashesRequest;
class PieceHashesResponse;
class ResolveRequest;
class ResolvePart;
}  // namespace ballast::peer::v1

namespace ballast {

// Of one message on this port, both ways; what is larger (manifests) goes in parts.
inline constexpr int kMaxPeerMessageBytes = 8 << 20;

void Encode(const FromNode& from, const NodeTable& nodes, peer::v1::FromNode& to);
// `shape`: null while the model's files are not known, when only Hello and ManifestPart can be read.
Result<FromNode> Decode(const peer::v1::FromNode& from, const ModelShape* shape, NodeTable& nodes);

void Encode(const FromCoordinator& from, const NodeTable& nodes, peer::v1::FromCoordinator& to);
Result<FromCoordinator> Decode(const peer::v1::FromCoordinator& from, const ModelShape& shape, NodeTable& nodes);

void Encode(const HoldNotice& from, peer::v1::HoldRequest& to);
Result<HoldNotice> Decode(const peer::v1::HoldRequest& from);
void Encode(const HoldAnswer& from, peer::v1::HoldResponse& to);
Result<HoldAnswer> Decode(const peer::v1::HoldResponse& from);

void Encode(const CoordinatesQuery& from, peer::v1::CoordinatesRequest& to);
Result<CoordinatesQuery> Decode(const peer::v1::CoordinatesRequest& from);
// The coordinator's name, or "".
void Encode(const CoordinatesAnswer& from, peer::v1::CoordinatesResponse& to);
Result<CoordinatesAnswer> Decode(const peer::v1::CoordinatesResponse& from);

void Encode(const Digest& blob, peer::v1::PieceHashesRequest& to);
Result<Digest> Decode(const peer::v1::PieceHashesRequest& from);
void Encode(const std::vector<Digest>& hashes, peer::v1::PieceHashesResponse& to);
Result<std::vector<Digest>> Decode(const peer::v1::PieceHashesResponse& from);

void Encode(const ResolveQuery& from, peer::v1::ResolveRequest& to);
Result<ResolveQuery> Decode(const peer::v1::ResolveRequest& from);
// Part `index` of the answer, from 0; false: there is none.
bool EncodePart(const Resolved& from, size_t index, peer::v1::ResolvePart& to);

// Puts the parts of one answer together. Memory grows with what came, never with what was announced.
class ResolvedReader {
 public:
  Status Add(const peer::v1::ResolvePart& part);
  // InvalidArgument: it is not whole.
  Result<Resolved> Take();

 private:
  Resolved resolved_;
  bool begun_ = false;
  uint64_t manifest_bytes_ = 0;
  uint64_t record_bytes_ = 0;
};

}  // namespace ballast
