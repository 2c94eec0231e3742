// Every message of the control channel, from bytes: read strictly, and what was read is written and read again alike.
#include <cstdint>
#include <string_view>

#include "base/check.h"
#include "peering/peer_codec.h"
#include "proto/peer.pb.h"

namespace ballast {
namespace {

namespace v1 = peer::v1;

const ModelShape& Shape() {
  static const ModelShape kShape{
      .sizes = {0, 5, 9 << 20, 100 << 20}, .digests = std::vector<Digest>(4), .pieces = {0, 1, 9, 100}};
  return kShape;
}

template <typename Message, typename Value>
void Again(const Value& value, NodeTable& nodes, bool (*reads)(const Message&, NodeTable&)) {
  Message message;
  Encode(value, nodes, message);
  BALLAST_CHECK(reads(message, nodes));
}

void Run(uint8_t kind, const std::string& bytes) {
  NodeTable nodes;
  if (kind % 8 == 0) {
    v1::FromNode message;
    if (!message.ParseFromString(bytes)) return;
    (void)Decode(message, nullptr, nodes);
    const auto read = Decode(message, &Shape(), nodes);
    if (read.ok())
      Again<v1::FromNode>(*read, nodes,
                          [](const v1::FromNode& m, NodeTable& n) { return Decode(m, &Shape(), n).ok(); });
  } else if (kind % 8 == 1) {
    v1::FromCoordinator message;
    if (!message.ParseFromString(bytes)) return;
    const auto read = Decode(message, Shape(), nodes);
    if (read.ok())
      Again<v1::FromCoordinator>(*read, nodes,
                                 [](const v1::FromCoordinator& m, NodeTable& n) { return Decode(m, Shape(), n).ok(); });
  } else if (kind % 8 == 2) {
    v1::HoldRequest message;
    if (message.ParseFromString(bytes)) (void)Decode(message);
  } else if (kind % 8 == 3) {
    v1::HoldResponse message;
    if (message.ParseFromString(bytes)) (void)Decode(message);
  } else if (kind % 8 == 4) {
    v1::CoordinatesRequest request;
    if (request.ParseFromString(bytes)) (void)Decode(request);
    v1::CoordinatesResponse response;
    if (response.ParseFromString(bytes)) (void)Decode(response);
  } else if (kind % 8 == 5) {
    v1::PieceHashesRequest request;
    if (request.ParseFromString(bytes)) (void)Decode(request);
    v1::PieceHashesResponse response;
    if (response.ParseFromString(bytes)) (void)Decode(response);
  } else if (kind % 8 == 6) {
    v1::ResolveRequest message;
    if (message.ParseFromString(bytes)) (void)Decode(message);
  } else {
    v1::ResolvePart part;
    ResolvedReader reader;
    if (!part.ParseFromString(bytes)) return;
    for (int i = 0; i < 3 && reader.Add(part).ok(); ++i) {
    }
    (void)reader.Take();
  }
}

}  // namespace
}  // namespace ballast

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  ballast::Run(data[0], std::string(reinterpret_cast<const char*>(data + 1), size - 1));
  return 0;
}
