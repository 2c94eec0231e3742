#include "simulation/cluster.h"

#include <algorithm>
#include <deque>
#include <map>
#include <memory>
#include <queue>
#include <set>
#include <tuple>
#include <utility>

#include "fetch/step.h"
#include "simulation/link.h"

namespace ballast::simulation {
namespace {

using std::chrono::milliseconds;

constexpr Duration kFailureNoticed = std::chrono::seconds(1);  // a connection to a dead node
constexpr Duration kTick = milliseconds(250);                  // of each node's clock

struct Transfer {
  PieceRef next;
  uint32_t count;
  NodeId source;
  fetch::StreamId stream;
};

struct Node {
  bool alive = true;
  bool joined = false;
  bool finished = false;
  uint16_t zone = 0;
  Link up;
  Link down;
  fetch::State brain;
  std::map<fetch::StreamId, Transfer> transfers;
  uint64_t bytes_received = 0;
  uint64_t sent = 0;
  uint32_t uploads = 0;
  SteadyTime speaks_at{};
};

enum class Kind : uint8_t { kJoin, kDeath, kArrival, kNodeTick, kSpeak, kCoordinatorTick, kTakeover, kTakenOver };

struct Event {
  SteadyTime at;
  uint64_t order;
  Kind kind;
  NodeId node;
  fetch::StreamId stream;

  friend bool operator>(const Event& a, const Event& b) { return std::tie(a.at, a.order) > std::tie(b.at, b.order); }
};

class Cluster {
 public:
  explicit Cluster(const Scenario& scenario) : scenario_(scenario), origin_(scenario.origin_rate) {
    for (const uint64_t size : scenario_.files) {
      files_.push_back({.size = size});
      total_bytes_ += size;
    }
    nodes_.resize(scenario_.nodes);
    for (NodeId id = 0; id < nodes_.size(); ++id) Prepare(id);
    for (const auto& slow : scenario_.slow) nodes_[slow.node].up = nodes_[slow.node].down = Link(slow.rate);
    for (const auto& freeze : scenario_.freezes) {
      nodes_[freeze.node].up.Stall(freeze.pause.from, freeze.pause.to);
      nodes_[freeze.node].down.Stall(freeze.pause.from, freeze.pause.to);
    }
    for (const auto& stall : scenario_.origin_stalls) origin_.Stall(stall.from, stall.to);
    NewCoordinator();
    Schedule();
  }

  Outcome Run() {
    while (!events_.empty() && left_ > 0 && now_ < SteadyTime() + std::chrono::hours(24)) {
      const Event event = events_.top();
      events_.pop();
      now_ = event.at;
      Handle(event);
      Settle();
    }
    return Collect();
  }

 private:
  void Prepare(NodeId id) {
    Node& node = nodes_[id];
    node.zone = static_cast<uint16_t>(id % scenario_.zones);
    node.up = node.down = Link(scenario_.node_rate);
    fetch::Rules rules;
    rules.seed = id + 1;
    rules.swarm = fetch::SwarmRules{.origin_slots = scenario_.origin_slots,
                                    .gather = std::chrono::duration_cast<milliseconds>(scenario_.gather)};
    node.brain = fetch::MakeState(rules, files_);
  }

  void NewCoordinator() {
    coordinator_ = std::make_unique<Coordinator>(scenario_.files, scenario_.policy);
    for (NodeId id = 0; id < nodes_.size(); ++id) coordinator_->SetNode(id, nodes_[id].zone);
  }

  void Schedule() {
    std::vector<Duration> joins(nodes_.size());
    for (const auto& join : scenario_.joins) joins[join.node] = join.at;
    for (NodeId id = 0; id < nodes_.size(); ++id) Push(SteadyTime() + joins[id], Kind::kJoin, id);
    for (const auto& death : scenario_.deaths) Push(SteadyTime() + death.at, Kind::kDeath, death.node);
    for (const Duration at : scenario_.takeovers) Push(SteadyTime() + at, Kind::kTakeover, 0);
    Push(SteadyTime() + milliseconds(100), Kind::kCoordinatorTick, 0);
    left_ = static_cast<uint32_t>(nodes_.size());
    last_join_ = *std::max_element(joins.begin(), joins.end());
  }

  void Push(SteadyTime at, Kind kind, NodeId node, fetch::StreamId stream = 0) {
    events_.push({at, ++order_, kind, node, stream});
  }

  void Handle(const Event& event) {
    switch (event.kind) {
      case Kind::kJoin:
        return Join(event.node);
      case Kind::kDeath:
        return Die(event.node);
      case Kind::kArrival:
        return Arrive(event.node, event.stream);
      case Kind::kNodeTick:
        return TickNode(event.node);
      case Kind::kSpeak:
        return LetSpeak(event.node);
      case Kind::kCoordinatorTick:
        Push(now_ + milliseconds(100), Kind::kCoordinatorTick, 0);
        if (coordinator_) Deliver(coordinator_->Tick(now_));
        return;
      case Kind::kTakeover:
        coordinator_.reset();
        return Push(now_ + scenario_.takeover_takes, Kind::kTakenOver, 0);
      case Kind::kTakenOver:
        NewCoordinator();
        for (NodeId id = 0; id < nodes_.size(); ++id) {
          if (nodes_[id].alive && nodes_[id].joined) heard_.emplace_back(id, Reply{.announce = true});
        }
    }
  }

  // ---- nodes

  bool Frozen(NodeId id) const {
    const Duration at = now_ - SteadyTime();
    return std::ranges::any_of(scenario_.freezes, [&](const Scenario::Freeze& freeze) {
      return freeze.node == id && freeze.pause.from <= at && at < freeze.pause.to;
    });
  }

  void Join(NodeId id) {
    if (!nodes_[id].alive) return;
    nodes_[id].joined = true;
    TickNode(id);
  }

  void TickNode(NodeId id) {
    Node& node = nodes_[id];
    if (!node.alive || node.finished) return;
    if (!Frozen(id)) Step(id, fetch::Tick{node.bytes_received});
    Push(now_ + kTick, Kind::kNodeTick, id);
  }

  // The tick at which a node says what it has gathered.
  void LetSpeak(NodeId id) {
    Node& node = nodes_[id];
    node.speaks_at = {};
    if (node.alive && !node.finished && !Frozen(id)) Step(id, fetch::Tick{node.bytes_received});
  }

  void ScheduleSpeech(NodeId id) {
    Node& node = nodes_[id];
    const SteadyTime at = node.brain.swarm.say_at;
    if (at <= now_ || node.speaks_at != SteadyTime{}) return;
    node.speaks_at = at;
    Push(at, Kind::kSpeak, id);
  }

  void Die(NodeId id) {
    Node& node = nodes_[id];
    if (!node.alive) return;
    node.alive = false;
    if (!node.finished) --left_;
    if (coordinator_) Deliver(coordinator_->OnGone(id, now_));
  }

  template <typename What>
  void Step(NodeId id, What what) {
    const fetch::Effects effects = fetch::Step(nodes_[id].brain, {now_, std::move(what)});
    for (const fetch::Effect& effect : effects) std::visit([&](const auto& one) { Apply(id, one); }, effect);
    ScheduleSpeech(id);
  }

  void Apply(NodeId id, const fetch::Open& open) {
    const uint64_t size = scenario_.files[open.file];
    Step(id, fetch::Opened{open.file, PieceMap(size, PieceSizeFor(size))});
  }
  void Apply(NodeId id, const fetch::Read& read) {
    const uint32_t piece_size = PieceSizeFor(scenario_.files[read.file]);
    const auto first = static_cast<uint32_t>(read.range.begin / piece_size);
    const auto count = static_cast<uint32_t>((read.range.size() + piece_size - 1) / piece_size);
    Transfer& transfer = nodes_[id].transfers[read.stream] = {{read.file, first}, count, kOrigin, read.stream};
    at_the_origin_.insert(id);
    BeginOriginPiece(id, transfer, now_ + scenario_.origin_round_trip);
  }
  void Apply(NodeId id, const fetch::ReadPiece& read) {
    nodes_[id].transfers[read.stream] = {read.piece, 1, read.source, read.stream};
    Node& source = nodes_[read.source];
    if (!source.alive) return Push(now_ + kFailureNoticed, Kind::kArrival, id, read.stream);
    most_uploads_ = std::max(most_uploads_, ++source.uploads);
    const uint64_t size = SizeOf(read.piece);
    const SteadyTime start = now_ + 2 * scenario_.round_trip;  // the coordinator's answer and our request
    const SteadyTime sent = source.up.Pass(size, start);
    Push(std::max(sent, nodes_[id].down.Pass(size, start)), Kind::kArrival, id, read.stream);
  }
  void Apply(NodeId id, const fetch::Cancel& cancel) {
    const auto found = nodes_[id].transfers.find(cancel.stream);
    if (found != nodes_[id].transfers.end()) EndTransfer(id, found->second, Cancelled("cancelled"));
  }
  void Apply(NodeId id, const fetch::Commit& commit) { Step(id, fetch::Committed{commit.file, Digest()}); }
  void Apply(NodeId id, const fetch::Tell& tell) { told_.emplace_back(id, tell); }
  void Apply(NodeId id, const fetch::Finish& finish) {
    Node& node = nodes_[id];
    node.finished = finish.status.ok();
    failed_ = failed_ || !finish.status.ok();
    if (!node.finished) return;
    finished_at_[id] = now_ - SteadyTime();
    --left_;
  }
  template <typename Other>
  void Apply(NodeId /*id*/, const Other& /*other*/) {}

  // ---- transfers

  uint64_t SizeOf(PieceRef ref) const {
    const uint64_t size = scenario_.files[ref.file];
    const uint64_t piece = PieceSizeFor(size);
    return std::min(piece, size - ref.piece * piece);
  }

  void BeginOriginPiece(NodeId id, const Transfer& transfer, SteadyTime start) {
    const uint64_t size = SizeOf(transfer.next);
    const SteadyTime sent = origin_.Pass(size, start);
    origin_bytes_ += size;
    Push(std::max(sent, nodes_[id].down.Pass(size, start)), Kind::kArrival, id, transfer.stream);
  }

  void Arrive(NodeId id, fetch::StreamId stream) {
    Node& node = nodes_[id];
    const auto found = node.transfers.find(stream);
    if (found == node.transfers.end() || !node.alive) return;
    Transfer& transfer = found->second;
    const bool broken = transfer.source != kOrigin && !nodes_[transfer.source].alive;
    if (broken) return EndTransfer(id, transfer, Unavailable("the node is dead"));
    Account(node, transfer);
    if (transfer.source != kOrigin) return EndTransfer(id, transfer, OkStatus());
    const uint64_t end =
        uint64_t{transfer.next.piece} * PieceSizeFor(scenario_.files[transfer.next.file]) + SizeOf(transfer.next);
    ++transfer.next.piece;
    const bool last = --transfer.count == 0;
    if (!last) BeginOriginPiece(id, transfer, now_);
    Step(id, fetch::Advanced{stream, end, Digest()});
    if (last) EndTransfer(id, transfer, OkStatus());
  }

  void EndTransfer(NodeId id, const Transfer& ended, const Status& status) {
    const Transfer transfer = ended;
    Node& node = nodes_[id];
    node.transfers.erase(transfer.stream);
    if (transfer.source != kOrigin) {
      if (nodes_[transfer.source].uploads > 0) --nodes_[transfer.source].uploads;
      return Step(id, fetch::PieceEnded{transfer.stream, status});
    }
    const PieceMap pieces = node.brain.files[transfer.next.file].pieces;
    Step(id, fetch::Ended{.stream = transfer.stream, .status = status, .received = status.ok(), .pieces = pieces});
  }

  void Account(Node& node, const Transfer& transfer) {
    const uint64_t size = SizeOf(transfer.next);
    ++pieces_;
    node.bytes_received += size;
    if (transfer.source != kOrigin) nodes_[transfer.source].sent += size;
    if (transfer.source == kOrigin || nodes_[transfer.source].zone != node.zone) into_zone_[node.zone] += size;
  }

  // ---- what is said

  void Deliver(Coordinator::Outbox outbox) {
    for (auto& [node, reply] : outbox) heard_.emplace_back(node, std::move(reply));
  }

  void AnswerForHashes() {
    if (coordinator_ == nullptr) return;
    for (const auto& [file, holder] : coordinator_->TakeHashesWanted()) {
      const uint64_t size = scenario_.files[file];
      const std::vector<Digest> hashes(nodes_[holder].alive ? PieceMap(size, PieceSizeFor(size)).count() : 0);
      Deliver(coordinator_->OnHashes(holder, file, hashes, now_));
    }
  }

  // All that is said now is heard now; what it takes is added to the transfers.
  void Settle() {
    while (!told_.empty() || !heard_.empty()) {
      AnswerForHashes();
      if (!told_.empty()) {
        const auto [id, tell] = std::move(told_.front());
        told_.pop_front();
        ++messages_;
        if (coordinator_ == nullptr) continue;
        std::visit([&, node = id](const auto& what) { Deliver(coordinator_->On(node, what, now_)); }, tell.what);
      } else {
        auto [id, reply] = std::move(heard_.front());
        heard_.pop_front();
        if (nodes_[id].alive) Step(id, fetch::Heard{std::move(reply)});
      }
    }
  }

  Outcome Collect() const {
    Outcome outcome;
    outcome.everyone_finished = left_ == 0 && !failed_;
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
    for (const Node& node : nodes_) outcome.sent.push_back(static_cast<double>(node.sent) / total);
    const auto count = static_cast<double>(nodes_.size());
    const double everybody = total * count / (scenario_.origin_rate + scenario_.node_rate * count);
    const double last = total / scenario_.node_rate + std::chrono::duration<double>(last_join_).count();
    outcome.bound = Seconds(std::max({total / scenario_.origin_rate, everybody, last}));
    outcome.most_uploads = most_uploads_;
    outcome.pieces = pieces_;
    outcome.origin_nodes = static_cast<uint32_t>(at_the_origin_.size());
    outcome.messages = messages_;
    return outcome;
  }

  const Scenario& scenario_;
  std::unique_ptr<Coordinator> coordinator_;
  Link origin_;
  std::vector<fetch::FileToFetch> files_;
  uint64_t total_bytes_ = 0;
  std::vector<Node> nodes_;
  std::priority_queue<Event, std::vector<Event>, std::greater<>> events_;
  uint64_t order_ = 0;
  SteadyTime now_ = SteadyTime() + milliseconds(1);  // the brain takes 0 for "never"
  std::deque<std::pair<NodeId, fetch::Tell>> told_;
  std::deque<std::pair<NodeId, Reply>> heard_;
  uint32_t left_ = 0;
  bool failed_ = false;
  Duration last_join_{};
  std::map<NodeId, Duration> finished_at_;
  std::map<uint16_t, uint64_t> into_zone_;
  uint64_t origin_bytes_ = 0;
  uint32_t most_uploads_ = 0;
  uint64_t pieces_ = 0;
  std::set<NodeId> at_the_origin_;
  uint64_t messages_ = 0;
};

}  // namespace

Outcome Simulate(const Scenario& scenario) { return Cluster(scenario).Run(); }

}  // namespace ballast::simulation
