#include "swarm/origin_share.h"

#include <algorithm>

namespace ballast {
namespace {

constexpr size_t kArrivals = 16;    // that a rate is measured over,
constexpr double kShortest = 0.1;   // and seconds: what comes at once says nothing of the line
constexpr double kAsBusy = 0.9;     // of the best rate
constexpr double kForgets = 0.998;  // what is left of the best rate with each piece
constexpr double kRounds = 8;       // of one piece for each node: what is older counts little
constexpr double kAhead = 1.25;     // times the mean share,
constexpr double kHeadStart = 2;    // and so many pieces
constexpr double kTooLarge = 1e100;
constexpr uint32_t kMostDoublings = 6;

}  // namespace

OriginShare::Taken& OriginShare::Of(NodeId node) {
  if (node >= taken_.size()) taken_.resize(node + 1);
  return taken_[node];
}

void OriginShare::Note(NodeId node, uint32_t nodes, uint64_t bytes, SteadyTime now) {
  const double weighed = newest_ * static_cast<double>(bytes);
  Of(node).bytes += weighed;
  all_ += weighed;
  newest_ *= 1 + 1 / (kRounds * nodes);
  if (newest_ > kTooLarge) {
    for (Taken& taken : taken_) taken.bytes /= newest_;
    all_ /= newest_;
    newest_ = 1;
  }
  ++arrived_;
  last_bytes_ = bytes;
  window_bytes_ += bytes;
  arrivals_.push_back({now, bytes});
  if (arrivals_.size() <= kArrivals) return;
  window_bytes_ -= arrivals_.front().bytes;
  arrivals_.pop_front();
  // What is slower because somebody waits is no measure of the line.
  const double forgets = held_back_ > 0 ? 1 : kForgets;
  held_back_ -= std::min<size_t>(held_back_, 1);
  busiest_ = std::max(forgets * busiest_, Rate(now));
}

// Falls while nothing comes.
double OriginShare::Rate(SteadyTime now) const {
  const double seconds = std::chrono::duration<double>(now - arrivals_.front().at).count();
  return static_cast<double>(window_bytes_) / std::max(seconds, kShortest);
}

bool OriginShare::MustWait(NodeId node, uint32_t nodes, SteadyTime now) {
  Taken& taken = Of(node);
  if (busiest_ == 0 || arrived_ < taken.excused_until) return false;
  const double mean = all_ / newest_ / nodes;
  const double ahead = kAhead * mean + kHeadStart * static_cast<double>(last_bytes_);
  if (taken.bytes / newest_ <= ahead) return taken.held_back = false;
  if (Rate(now) < kAsBusy * busiest_) {
    if (taken.held_back) Excuse(taken);
    return taken.held_back = false;
  }
  held_back_ = 4 * kArrivals;
  return taken.held_back = true;
}

void OriginShare::Excuse(Taken& taken) const {
  taken.excused_until = arrived_ + (kArrivals << taken.in_vain);
  taken.in_vain = std::min(taken.in_vain + 1, kMostDoublings);
}

}  // namespace ballast
