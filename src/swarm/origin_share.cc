#include "swarm/origin_share.h"

#include <algorithm>

namespace ballast {
namespace {

constexpr size_t kArrivals = 16;    // that a rate is measured over
constexpr double kAsBusy = 0.9;     // of the best rate
constexpr double kForgets = 0.998;  // what is left of the best rate with each piece
constexpr double kRounds = 8;       // of one piece for each node: what is older counts little
constexpr double kAhead = 1.25;     // times the mean share,
constexpr double kHeadStart = 2;    // and so many pieces
constexpr double kTooLarge = 1e100;

}  // namespace

void OriginShare::Note(NodeId node, uint32_t nodes, SteadyTime now) {
  if (node >= taken_.size()) taken_.resize(node + 1);
  taken_[node] += newest_;
  all_ += newest_;
  newest_ *= 1 + 1 / (kRounds * nodes);
  if (newest_ > kTooLarge) {
    for (double& taken : taken_) taken /= newest_;
    all_ /= newest_;
    newest_ = 1;
  }
  arrivals_.push_back(now);
  if (arrivals_.size() <= kArrivals) return;
  arrivals_.pop_front();
  // What is slower because somebody waits is no measure of the line.
  const double forgets = held_back_ > 0 ? 1 : kForgets;
  held_back_ -= std::min<size_t>(held_back_, 1);
  busiest_ = std::max(forgets * busiest_, Rate(now));
}

// Falls while nothing comes.
double OriginShare::Rate(SteadyTime now) const {
  const double seconds = std::chrono::duration<double>(now - arrivals_.front()).count();
  return static_cast<double>(arrivals_.size()) / std::max(seconds, 1e-3);
}

bool OriginShare::MustWait(NodeId node, uint32_t nodes, SteadyTime now) {
  if (node >= taken_.size() || busiest_ == 0) return false;
  const double share = taken_[node] / newest_;
  if (share <= kAhead * all_ / newest_ / nodes + kHeadStart) return false;
  if (Rate(now) < kAsBusy * busiest_) return false;
  held_back_ = 4 * kArrivals;
  return true;
}

}  // namespace ballast
