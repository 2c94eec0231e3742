#include "swarm/origin_fetchers.h"

#include <algorithm>

namespace ballast {
namespace {

constexpr Duration kIdle = std::chrono::seconds(10);  // without a run: then another may take its place

}  // namespace

OriginFetchers::Facts& OriginFetchers::Of(NodeId node) {
  if (node >= nodes_.size()) nodes_.resize(node + 1);
  return nodes_[node];
}

void OriginFetchers::SetCapable(NodeId node, bool capable) {
  Facts& facts = Of(node);
  if (facts.capable == capable) return;
  facts.capable = capable;
  capable_ += capable ? 1 : -1;
  if (!capable) std::erase(fetchers_, node);
  view_.SetRound(at_once());
}

bool OriginFetchers::MayFetch(NodeId node, SteadyTime now) {
  std::erase_if(fetchers_, [&](NodeId fetcher) {
    return view_.node(fetcher).from_origin == 0 && now - Of(fetcher).sent_at > kIdle;
  });
  return Of(node).capable && (fetchers_.size() < most_ || std::ranges::count(fetchers_, node) > 0);
}

void OriginFetchers::OnSent(NodeId node, SteadyTime now) {
  Of(node).sent_at = now;
  if (std::ranges::count(fetchers_, node) == 0) fetchers_.push_back(node);
}

void OriginFetchers::OnArrived(NodeId node, uint64_t bytes, SteadyTime given_at, SteadyTime now) {
  share_.Note(node, at_once(), bytes, now);
  pace_.Note(node, given_at, now);
}

}  // namespace ballast
