#include "swarm/given_pieces.h"

#include <algorithm>

namespace ballast {
namespace {

bool Names(const InFlight& in_flight, NodeId source, PieceRef ref) {
  return in_flight.source == source && in_flight.first.file == ref.file && in_flight.first.piece <= ref.piece &&
         ref.piece - in_flight.first.piece < in_flight.count;
}

}  // namespace

std::vector<Given>& GivenPieces::At(NodeId node) {
  if (node >= by_node_.size()) by_node_.resize(node + 1);
  return by_node_[node];
}

std::span<const Given> GivenPieces::Of(NodeId node) const {
  if (node >= by_node_.size()) return {};
  return by_node_[node];
}

std::optional<Given> GivenPieces::Find(NodeId node, PieceIndex piece, NodeId source) const {
  for (const Given& one : Of(node)) {
    if (one.piece == piece && one.source == source) return one;
  }
  return std::nullopt;
}

void GivenPieces::Give(NodeId node, PieceIndex piece, NodeId source, SteadyTime now) {
  if (Find(node, piece, source)) return;
  At(node).push_back({piece, source, now});
  view_.Begin(node, piece, source);
}

void GivenPieces::End(NodeId node, PieceIndex piece, NodeId source) {
  auto& given = At(node);
  const auto found = std::find_if(given.begin(), given.end(),
                                  [&](const Given& one) { return one.piece == piece && one.source == source; });
  if (found == given.end()) return;
  *found = given.back();
  given.pop_back();
  const bool last = std::none_of(given.begin(), given.end(), [&](const Given& one) { return one.piece == piece; });
  view_.End(node, piece, source, last);
}

void GivenPieces::EndPiece(NodeId node, PieceIndex piece) {
  const std::vector<Given> given = At(node);
  for (const Given& one : given) {
    if (one.piece == piece) End(node, piece, one.source);
  }
}

void GivenPieces::EndAll(NodeId node) {
  while (!At(node).empty()) End(node, At(node).back().piece, At(node).back().source);
}

GivenPieces::OnTheWay GivenPieces::NotNamed(NodeId node, std::span<const InFlight> named) const {
  OnTheWay count;
  for (const Given& given : Of(node)) {
    const PieceRef ref = view_.RefOf(given.piece);
    const bool is_named =
        std::any_of(named.begin(), named.end(), [&](const InFlight& one) { return Names(one, given.source, ref); });
    if (is_named) continue;
    if (given.source == kOrigin) {
      count.from_origin = 1;  // the pieces of one run
    } else {
      ++count.from_nodes;
    }
  }
  return count;
}

}  // namespace ballast
