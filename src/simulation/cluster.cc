#include "simulation/cluster.h"

#include <algorithm>
#include <map>
#include <queue>
#include <utility>

namespace ballast::simulation {
namespace {

constexpr Duration kFailureNoticed = std::chrono::seconds(1);

Duration Seconds(double seconds) {
  return std::chrono::duration_cast<Duration>(std::chrono::duration<double>(seconds));
}

// What is sent through it leaves one after another.
class Link {
 public:
  explicit Link(double rate = 1) : rate_(rate) {}
  // When `bytes` that are there from `at` on have passed.
  SteadyTime Pass(uint64_t bytes, SteadyTime at) {
    free_at_ = std::max(free_at_, at) + Seconds(static_cast<double>(bytes) / rate_);
    return free_at_;
  }
  void StallUntil(SteadyTime at) { free_at_ = std::max(free_at_, at); }

 private:
  double rate_;
  SteadyTime free_at_{};
};

struct Coming {
  PieceRef first;
  uint32_t count;
  NodeId source;
  uint64_t id;
};

struct Node {
  bool alive = true;
  bool joined = false;
  bool finished = false;
  uint16_t zone = 0;
  Link up;
  Link down;
  std::vector<std::vector<bool>> have;
  std::vector<uint32_t> frontier;
  uint32_t first_open = 0;
  uint32_t peer_slots = 0;
  uint32_t origin_slots = 0;
  uint64_t left = 0;
  std::vector<Coming> coming;
  uint64_t sent = 0;
  uint32_t uploads = 0;
};

enum class Kind : uint8_t { kJoin, kDeath, kArrival, kFailure, kTick };

struct Event {
  SteadyTime at;
  uint64_t order;
  Kind kind;
  NodeId node;
  uint64_t transfer;

  friend bool operator>(const Event& a, const Event& b) { return std::tie(a.at, a.order) > std::tie(b.at, b.order); }
};

class Cluster {
 public:
  explicit Cluster(const Scenario& scenario)
      : scenario_(scenario), coordinator_(scenario.files, scenario.policy), origin_(scenario.origin_rate) {
    for (const uint64_t size : scenario_.files) {
      piece_sizes_.push_back(PieceSizeFor(size));
      piece_counts_.push_back(static_cast<uint32_t>((size + piece_sizes_.back() - 1) / piece_sizes_.back()));
      total_bytes_ += size;
      total_pieces_ += piece_counts_.back();
    }
    nodes_.resize(scenario_.nodes);
    for (NodeId id = 0; id < nodes_.size(); ++id) Prepare(id);
    for (const auto& slow : scenario_.slow) nodes_[slow.node].up = nodes_[slow.node].down = Link(slow.rate);
    Schedule();
  }

  Outcome Run() {
    while (!events_.empty() && left_ > 0) {
      const Event event = events_.top();
      events_.pop();
      now_ = event.at;
      Handle(event);
      ScheduleTick();
    }
    return Collect();
  }

 private:
  void Prepare(NodeId id) {
    Node& node = nodes_[id];
    node.zone = static_cast<uint16_t>(id % scenario_.zones);
    node.up = node.down = Link(scenario_.node_rate);
    for (const uint32_t count : piece_counts_) node.have.emplace_back(count);
    node.frontier.resize(piece_counts_.size());
    node.peer_slots = scenario_.peer_slots;
    node.origin_slots = scenario_.origin_slots;
    node.left = total_pieces_;
    coordinator_.SetNode(id, node.zone);
  }

  void Schedule() {
    std::vector<Duration> joins(nodes_.size());
    for (const auto& join : scenario_.joins) joins[join.node] = join.at;
    for (NodeId id = 0; id < nodes_.size(); ++id) Push(SteadyTime() + joins[id], Kind::kJoin, id);
    for (const auto& death : scenario_.deaths) Push(SteadyTime() + death.at, Kind::kDeath, death.node);
    left_ = static_cast<uint32_t>(nodes_.size());
    last_join_ = *std::max_element(joins.begin(), joins.end());
  }

  void Push(SteadyTime at, Kind kind, NodeId node, uint64_t transfer = 0) {
    events_.push({at, ++order_, kind, node, transfer});
  }

  void ScheduleTick() {
    if (tick_scheduled_) return;
    const auto next = coordinator_.NextTick();
    if (!next) return;
    tick_scheduled_ = true;
    Push(std::max(*next, now_), Kind::kTick, 0);
  }

  void Handle(const Event& event) {
    switch (event.kind) {
      case Kind::kJoin:
        return Join(event.node);
      case Kind::kDeath:
        return Die(event.node);
      case Kind::kArrival:
        return Arrive(event.node, event.transfer);
      case Kind::kFailure:
        return Fail(event.node, event.transfer);
      case Kind::kTick:
        tick_scheduled_ = false;
        return Deliver(coordinator_.Tick(now_));
    }
  }

  void Join(NodeId id) {
    Node& node = nodes_[id];
    if (!node.alive) return;
    node.joined = true;
    Deliver(coordinator_.On(id, Announce{}, now_));
    Tell(id, {});
  }

  void Die(NodeId id) {
    Node& node = nodes_[id];
    if (!node.alive) return;
    node.alive = false;
    if (!node.finished) --left_;
    Deliver(coordinator_.OnGone(id, now_ + kFailureNoticed));
  }

  void Tell(NodeId id, Next next) {
    Node& node = nodes_[id];
    next.peer_slots = node.peer_slots;
    next.origin_slots = node.origin_slots;
    next.uploads = node.uploads;
    for (uint32_t file = node.first_open; file < piece_counts_.size() && next.windows.size() < scenario_.open_files;
         ++file) {
      if (node.frontier[file] < piece_counts_[file]) next.windows.push_back({file, node.frontier[file]});
    }
    for (const Coming& coming : node.coming) next.in_flight.push_back({coming.first, coming.count, coming.source});
    Deliver(coordinator_.On(id, next, now_));
  }

  void Deliver(const Coordinator::Outbox& outbox) {
    for (const auto& [node, reply] : outbox) {
      for (const Assignment& assignment : reply.assignments) Begin(node, assignment);
    }
  }

  uint64_t SizeOf(PieceRef ref) const {
    const uint64_t begin = uint64_t{ref.piece} * piece_sizes_[ref.file];
    return std::min<uint64_t>(piece_sizes_[ref.file], scenario_.files[ref.file] - begin);
  }

  void Begin(NodeId id, const Assignment& assignment) {
    Node& node = nodes_[id];
    if (!node.alive) return;
    const uint64_t transfer = ++transfers_;
    node.coming.push_back({assignment.first, assignment.count, assignment.source, transfer});
    if (assignment.source == kOrigin) {
      --node.origin_slots;
      return BeginOriginPiece(id, node.coming.back(), now_ + scenario_.origin_round_trip);
    }
    --node.peer_slots;
    Node& source = nodes_[assignment.source];
    if (!source.alive) return Push(now_ + kFailureNoticed, Kind::kFailure, id, transfer);
    most_uploads_ = std::max(most_uploads_, ++source.uploads);
    const uint64_t size = SizeOf(assignment.first);
    const SteadyTime start = now_ + scenario_.round_trip;
    const SteadyTime sent = source.up.Pass(size, start);
    Push(std::max(sent, node.down.Pass(size, start)), Kind::kArrival, id, transfer);
  }

  void BeginOriginPiece(NodeId id, const Coming& coming, SteadyTime start) {
    for (const auto& stall : scenario_.origin_stalls) {
      const Duration at = start - SteadyTime();
      if (stall.from <= at && at < stall.to) origin_.StallUntil(SteadyTime() + stall.to);
    }
    const uint64_t size = SizeOf(coming.first);
    const SteadyTime sent = origin_.Pass(size, start);
    origin_bytes_ += size;
    Push(std::max(sent, nodes_[id].down.Pass(size, start)), Kind::kArrival, id, coming.id);
  }

  void Arrive(NodeId id, uint64_t transfer) {
    Node& node = nodes_[id];
    const auto coming = Find(node, transfer);
    if (coming == node.coming.end()) return;
    const PieceRef ref = coming->first;
    const NodeId from = coming->source;
    if (from != kOrigin) --nodes_[from].uploads;
    if (!node.alive) return;
    if (from != kOrigin && !nodes_[from].alive) return Fail(id, transfer);
    Next next;
    next.received.push_back({ref, from, Digest()});
    Account(node, ref, from);
    if (from == kOrigin && --coming->count > 0) {
      ++coming->first.piece;
      BeginOriginPiece(id, *coming, now_);
    } else {
      ++(from == kOrigin ? node.origin_slots : node.peer_slots);
      node.coming.erase(coming);
    }
    Keep(id, ref);
    Tell(id, std::move(next));
  }

  void Fail(NodeId id, uint64_t transfer) {
    Node& node = nodes_[id];
    const auto coming = Find(node, transfer);
    if (coming == node.coming.end() || !node.alive) return;
    Next next;
    next.failed.push_back({coming->first, coming->count, coming->source, FailureReason::kUnreachable});
    ++node.peer_slots;
    node.coming.erase(coming);
    Tell(id, std::move(next));
  }

  static std::vector<Coming>::iterator Find(Node& node, uint64_t transfer) {
    return std::find_if(node.coming.begin(), node.coming.end(),
                        [transfer](const Coming& coming) { return coming.id == transfer; });
  }

  void Account(const Node& node, PieceRef ref, NodeId from) {
    const uint64_t size = SizeOf(ref);
    ++pieces_;
    if (from != kOrigin) nodes_[from].sent += size;
    if (from == kOrigin || nodes_[from].zone != node.zone) into_zone_[node.zone] += size;
  }

  void Keep(NodeId id, PieceRef ref) {
    Node& node = nodes_[id];
    if (node.have[ref.file][ref.piece]) return;
    node.have[ref.file][ref.piece] = true;
    --node.left;
    auto& frontier = node.frontier[ref.file];
    while (frontier < piece_counts_[ref.file] && node.have[ref.file][frontier]) ++frontier;
    while (node.first_open < piece_counts_.size() && node.frontier[node.first_open] == piece_counts_[node.first_open])
      ++node.first_open;
    if (node.left > 0) return;
    node.finished = true;
    finished_at_[id] = now_ - SteadyTime();
    --left_;
  }

  Outcome Collect() const {
    Outcome outcome;
    outcome.everyone_finished = left_ == 0;
    outcome.finished.resize(nodes_.size());
    for (const auto& [node, at] : finished_at_) {
      outcome.finished[node] = at;
      if (nodes_[node].alive) outcome.last = std::max(outcome.last, at);
    }
    const auto total = static_cast<double>(total_bytes_);
    outcome.copies_from_origin = static_cast<double>(origin_bytes_) / total;
    for (const auto& [zone, bytes] : into_zone_) {
      const double copies = static_cast<double>(bytes) / total;
      outcome.copies_across_zones += copies / scenario_.zones;
      outcome.most_copies_into_zone = std::max(outcome.most_copies_into_zone, copies);
    }
    double upload = scenario_.origin_rate;
    for (const Node& node : nodes_) outcome.sent.push_back(static_cast<double>(node.sent) / total);
    upload += scenario_.node_rate * static_cast<double>(nodes_.size());
    const double all = total * static_cast<double>(nodes_.size()) / upload;
    outcome.bound =
        Seconds(std::max({total / scenario_.origin_rate, all,
                          total / scenario_.node_rate + std::chrono::duration<double>(last_join_).count()}));
    outcome.most_uploads = most_uploads_;
    outcome.pieces = pieces_;
    return outcome;
  }

  const Scenario& scenario_;
  Coordinator coordinator_;
  Link origin_;
  std::vector<uint32_t> piece_sizes_;
  std::vector<uint32_t> piece_counts_;
  uint64_t total_bytes_ = 0;
  uint64_t total_pieces_ = 0;
  std::vector<Node> nodes_;
  std::priority_queue<Event, std::vector<Event>, std::greater<>> events_;
  uint64_t order_ = 0;
  uint64_t transfers_ = 0;
  SteadyTime now_{};
  bool tick_scheduled_ = false;
  uint32_t left_ = 0;
  Duration last_join_{};
  std::map<NodeId, Duration> finished_at_;
  std::map<uint16_t, uint64_t> into_zone_;
  uint64_t origin_bytes_ = 0;
  uint32_t most_uploads_ = 0;
  uint64_t pieces_ = 0;
};

}  // namespace

Outcome Run(const Scenario& scenario) { return Cluster(scenario).Run(); }

}  // namespace ballast::simulation
