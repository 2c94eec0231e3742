#include "swarm/coordinator.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <set>
#include <string>
#include <utility>

namespace ballast {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using testing::IsEmpty;
using testing::SizeIs;

constexpr uint64_t kMiB = 1 << 20;

Digest HashOf(PieceRef ref) { return Digest::Of(std::to_string(ref.file) + "/" + std::to_string(ref.piece)); }

// Nodes that do what they are told, one message at a time.
class Swarm {
 public:
  explicit Swarm(const std::vector<uint64_t>& sizes, CoordinatorPolicy policy = {})
      : coordinator(sizes, policy), sizes_(sizes) {}

  struct Node {
    std::vector<PieceMap> pieces;
    std::vector<Assignment> given;
    std::vector<PieceRef> withdrawn;
    bool announce_wanted = false;
    bool must_speak = false;  // its wish has changed
    uint32_t origin_slots = 1;
    uint32_t peer_slots = 2;
  };

  void Add(NodeId id, uint16_t zone = 0) {
    coordinator.SetNode(id, zone);
    for (const uint64_t size : sizes_) nodes[id].pieces.emplace_back(size, PieceSizeFor(size));
  }
  void Join(NodeId id, uint16_t zone = 0) {
    Add(id, zone);
    Take(coordinator.On(id, Announce{}, now));
    Say(id);
  }
  void Say(NodeId id, Next next = {}) {
    Node& node = nodes[id];
    next.origin_slots = node.origin_slots;
    next.peer_slots = node.peer_slots;
    for (const Assignment& one : node.given) {
      next.in_flight.push_back({one.first, one.count, one.source});
      uint32_t& slots = one.source == kOrigin ? next.origin_slots : next.peer_slots;
      slots -= std::min(slots, 1U);
    }
    for (uint32_t file = 0; file < sizes_.size(); ++file) {
      if (!node.pieces[file].complete()) next.windows.push_back({file, node.pieces[file].FirstMissing()});
    }
    Take(coordinator.On(id, next, now));
  }
  void Take(const Coordinator::Outbox& outbox) {
    for (const auto& [id, reply] : outbox) {
      Node& node = nodes[id];
      node.announce_wanted |= reply.announce;
      node.given.insert(node.given.end(), reply.assignments.begin(), reply.assignments.end());
      for (const PieceRef ref : reply.withdrawn) {
        node.withdrawn.push_back(ref);
        node.must_speak = true;
        node.pieces[ref.file].Remove(ref.piece);
      }
    }
  }
  // The first piece of what the node was given first arrives.
  bool Advance(NodeId id) {
    Node& node = nodes[id];
    if (node.given.empty()) return false;
    Assignment& one = node.given.front();
    const Received received{one.first, one.source, one.source == kOrigin ? Origin(id, one.first) : one.hash};
    node.pieces[one.first.file].Add(one.first.piece);
    if (one.source == kOrigin) ++from_origin;
    ++one.first.piece;
    if (--one.count == 0) node.given.erase(node.given.begin());
    Next next;
    next.received.push_back(received);
    Say(id, std::move(next));
    return true;
  }
  bool AdvanceAll() {
    bool any = false;
    for (auto& [id, node] : nodes) {
      if (std::exchange(node.must_speak, false)) Say(id);
      any = Advance(id) || node.must_speak || any;
    }
    now += milliseconds(10);
    return any;
  }
  bool Complete(NodeId id) {
    return std::all_of(nodes[id].pieces.begin(), nodes[id].pieces.end(),
                       [](const PieceMap& pieces) { return pieces.complete(); });
  }
  Digest Origin(NodeId id, PieceRef ref) { return liars.contains({id, ref}) ? Digest::Of("lie") : HashOf(ref); }
  void Fail(NodeId id, FailureReason reason) {
    const Assignment one = nodes[id].given.front();
    nodes[id].given.erase(nodes[id].given.begin());
    Next next;
    next.failed.push_back({one.first, one.count, one.source, reason});
    Say(id, std::move(next));
  }

  Coordinator coordinator;
  std::map<NodeId, Node> nodes;
  std::set<std::pair<NodeId, PieceRef>> liars;  // these nodes attest these pieces wrongly
  uint32_t from_origin = 0;
  SteadyTime now{};

 private:
  std::vector<uint64_t> sizes_;
};

TEST(CoordinatorTest, AsksANodeItHasNotHeardOfForAnAnnounce) {
  Swarm swarm({10 * kMiB});
  swarm.Add(0);
  swarm.Say(0);
  EXPECT_TRUE(swarm.nodes[0].announce_wanted);
  EXPECT_THAT(swarm.nodes[0].given, IsEmpty());
}

TEST(CoordinatorTest, EverybodyGetsEverythingWithOneCopyFromTheOrigin) {
  Swarm swarm({30 * kMiB, 0, 5 * kMiB});
  for (NodeId node = 0; node < 6; ++node) swarm.Join(node, static_cast<uint16_t>(node % 2));
  while (swarm.AdvanceAll()) continue;
  for (NodeId node = 0; node < 6; ++node) EXPECT_TRUE(swarm.Complete(node)) << node;
  EXPECT_EQ(swarm.from_origin, 35U);
}

TEST(CoordinatorTest, WhatANodeThatLeftWasToBringComesFromAnother) {
  Swarm swarm({8 * kMiB});
  swarm.Join(0);
  swarm.Join(1);
  swarm.Advance(0);
  swarm.Take(swarm.coordinator.OnGone(0, swarm.now));
  swarm.nodes[0].given.clear();
  while (swarm.Advance(1)) swarm.now += milliseconds(10);
  EXPECT_TRUE(swarm.Complete(1));
}

TEST(CoordinatorTest, ANodeThatFellSilentKeepsNobodyWaiting) {
  Swarm swarm({2 * kMiB});
  swarm.nodes[0].origin_slots = 2;
  swarm.Join(0);
  swarm.Join(1);
  ASSERT_THAT(swarm.nodes[0].given, SizeIs(testing::Ge(1)));
  for (int i = 0; i < 10 && !swarm.Complete(1); ++i) {
    swarm.now += seconds(3);
    while (swarm.Advance(1)) continue;
    swarm.Say(1);
    swarm.Take(swarm.coordinator.Tick(swarm.now));
  }
  EXPECT_TRUE(swarm.Complete(1));
}

TEST(CoordinatorTest, AHolderThatNeverJoinedIsASourceOnceItsHashesAreKnown) {
  Swarm swarm({3 * kMiB});
  swarm.Add(7);
  swarm.Take(swarm.coordinator.OnHolder(7, swarm.now));
  swarm.Join(0);
  EXPECT_THAT(swarm.nodes[0].given, IsEmpty()) << "neither without hashes, nor from the origin while they come";
  const auto wanted = swarm.coordinator.TakeHashesWanted();
  ASSERT_THAT(wanted, SizeIs(1));
  EXPECT_EQ(wanted[0].holder, 7U);
  const std::vector<Digest> hashes{HashOf({0, 0}), HashOf({0, 1}), HashOf({0, 2})};
  swarm.Take(swarm.coordinator.OnHashes(7, 0, hashes, swarm.now));
  while (swarm.Advance(0)) continue;
  EXPECT_TRUE(swarm.Complete(0));
  EXPECT_EQ(swarm.from_origin, 0U);
}

TEST(CoordinatorTest, AHolderThatCannotSayItsHashesIsPassedBy) {
  Swarm swarm({3 * kMiB});
  swarm.Add(7);
  swarm.Take(swarm.coordinator.OnHolder(7, swarm.now));
  swarm.Join(0);
  swarm.Take(swarm.coordinator.OnHashes(7, 0, {}, swarm.now));
  while (swarm.Advance(0)) continue;
  EXPECT_TRUE(swarm.Complete(0));
  EXPECT_EQ(swarm.from_origin, 3U);
}

TEST(CoordinatorTest, WhereAHolderCannotSayItsHashesTheNextIsAskedBeforeTheOrigin) {
  Swarm swarm({3 * kMiB});
  for (const NodeId holder : {7U, 8U}) {
    swarm.Add(holder);
    swarm.Take(swarm.coordinator.OnHolder(holder, swarm.now));
  }
  swarm.Join(0);
  ASSERT_THAT(swarm.coordinator.TakeHashesWanted(), SizeIs(1));
  swarm.Take(swarm.coordinator.OnHashes(7, 0, {}, swarm.now));
  EXPECT_THAT(swarm.nodes[0].given, IsEmpty());
  const auto wanted = swarm.coordinator.TakeHashesWanted();
  ASSERT_THAT(wanted, SizeIs(1));
  EXPECT_EQ(wanted[0].holder, 8U);
  const std::vector<Digest> hashes{HashOf({0, 0}), HashOf({0, 1}), HashOf({0, 2})};
  swarm.Take(swarm.coordinator.OnHashes(8, 0, hashes, swarm.now));
  while (swarm.Advance(0)) continue;
  EXPECT_TRUE(swarm.Complete(0));
  EXPECT_EQ(swarm.from_origin, 0U);
}

// It may have gone without a word: a machine without power ends no connection.
TEST(CoordinatorTest, WhereAHolderIsSilentAnotherIsAskedBesideIt) {
  for (const bool first_fails : {false, true}) {
    Swarm swarm({3 * kMiB});
    for (const NodeId holder : {7U, 8U}) {
      swarm.Add(holder);
      swarm.Take(swarm.coordinator.OnHolder(holder, swarm.now));
    }
    swarm.Join(0);
    ASSERT_THAT(swarm.coordinator.TakeHashesWanted(), SizeIs(1));
    swarm.Take(swarm.coordinator.Tick(swarm.now + seconds(1)));
    EXPECT_THAT(swarm.coordinator.TakeHashesWanted(), IsEmpty());
    swarm.now += seconds(2);
    swarm.Take(swarm.coordinator.Tick(swarm.now));
    swarm.Take(swarm.coordinator.Tick(swarm.now));
    const auto wanted = swarm.coordinator.TakeHashesWanted();
    ASSERT_THAT(wanted, SizeIs(1));
    EXPECT_EQ(wanted[0].holder, 8U);
    if (first_fails) swarm.Take(swarm.coordinator.OnHashes(7, 0, {}, swarm.now));
    EXPECT_THAT(swarm.nodes[0].given, IsEmpty());
    const std::vector<Digest> hashes{HashOf({0, 0}), HashOf({0, 1}), HashOf({0, 2})};
    swarm.Take(swarm.coordinator.OnHashes(8, 0, hashes, swarm.now));
    while (swarm.Advance(0)) continue;
    EXPECT_TRUE(swarm.Complete(0));
    EXPECT_EQ(swarm.from_origin, 0U);
  }
}

TEST(CoordinatorTest, ASourceThatCannotBeReachedIsNotNamedAgain) {
  Swarm swarm({1 * kMiB});
  for (const NodeId holder : {7U, 8U}) {
    swarm.Add(holder);
    swarm.Take(swarm.coordinator.OnHolder(holder, swarm.now));
  }
  swarm.Join(0);
  swarm.Take(swarm.coordinator.OnHashes(7, 0, std::vector<Digest>{HashOf({0, 0})}, swarm.now));
  ASSERT_THAT(swarm.nodes[0].given, SizeIs(1));
  const NodeId dead = swarm.nodes[0].given[0].source;
  swarm.now += seconds(3);
  swarm.Fail(0, FailureReason::kUnreachable);
  ASSERT_THAT(swarm.nodes[0].given, SizeIs(1));
  EXPECT_NE(swarm.nodes[0].given[0].source, dead);
}

TEST(CoordinatorTest, WhoSendsWrongBytesToTwoIsNoSourceForAThird) {
  Swarm swarm({1 * kMiB});
  swarm.Add(7);
  swarm.Take(swarm.coordinator.OnHolder(7, swarm.now));
  for (NodeId node = 0; node < 3; ++node) {
    swarm.nodes[node].origin_slots = 0;
    swarm.Join(node);
  }
  swarm.Take(swarm.coordinator.OnHashes(7, 0, std::vector<Digest>{HashOf({0, 0})}, swarm.now));
  swarm.Fail(0, FailureReason::kCorrupt);
  EXPECT_THAT(swarm.coordinator.TakeQuarantined(), IsEmpty());
  swarm.Take(swarm.coordinator.OnHolder(7, swarm.now));
  swarm.Fail(1, FailureReason::kCorrupt);
  EXPECT_THAT(swarm.coordinator.TakeQuarantined(), testing::ElementsAre(7U));
  swarm.Take(swarm.coordinator.OnHolder(7, swarm.now));
  swarm.now += seconds(20);
  swarm.nodes[3].origin_slots = 0;
  swarm.Join(3);
  EXPECT_THAT(swarm.nodes[3].given, IsEmpty());
}

TEST(CoordinatorTest, ATakeoverLearnsWhatIsHereAndWhatIsComing) {
  Swarm swarm({4 * kMiB});
  swarm.Add(0);
  swarm.Add(1);
  Announce announce;
  PieceMap pieces(4 * kMiB, kMiB);
  pieces.Add(0);
  announce.files.push_back({0, pieces, {HashOf({0, 0})}});
  swarm.nodes[0].pieces[0] = pieces;
  swarm.nodes[0].given.push_back({.first = {0, 1}, .count = 2, .source = kOrigin});
  swarm.Take(swarm.coordinator.On(0, announce, swarm.now));
  swarm.Say(0);
  swarm.Join(1);
  for (const Assignment& one : swarm.nodes[1].given) {
    if (one.source == kOrigin) {
      EXPECT_EQ(one.first, (PieceRef{0, 3})) << "node 0 fetches 1 and 2";
    }
    if (one.source == 0) {
      EXPECT_EQ(one.first, (PieceRef{0, 0}));
    }
  }
  EXPECT_THAT(swarm.nodes[1].given, SizeIs(2));
}

TEST(CoordinatorTest, AfterATakeoverAPieceMayComeBeforeAnybodySaidItsHash) {
  Swarm swarm({2 * kMiB});
  swarm.Add(0);
  swarm.Add(1);
  Announce announce;
  PieceMap pieces(2 * kMiB, kMiB);
  pieces.Add(0);
  announce.files.push_back({0, pieces, {}});  // here, with a hash that it does not know
  swarm.Take(swarm.coordinator.On(0, announce, swarm.now));
  Next next;
  next.received.push_back({{0, 0}, 1, HashOf({0, 0})});
  swarm.nodes[0].pieces[0] = pieces;
  swarm.Say(0, std::move(next));
  EXPECT_THAT(swarm.nodes[0].withdrawn, IsEmpty());
  swarm.nodes[1].origin_slots = 0;
  swarm.Join(1);
  ASSERT_THAT(swarm.nodes[1].given, SizeIs(1));
  EXPECT_EQ(swarm.nodes[1].given[0].source, 0U);
}

TEST(CoordinatorTest, AnAnnounceReplacesWhatWasKnownBefore) {
  Swarm swarm({2 * kMiB});
  swarm.Join(0);
  while (swarm.Advance(0)) continue;
  ASSERT_TRUE(swarm.Complete(0));
  swarm.nodes[0].pieces[0].Remove(1);
  Announce announce;
  announce.files.push_back({0, swarm.nodes[0].pieces[0], {HashOf({0, 0})}});
  swarm.Take(swarm.coordinator.On(0, announce, swarm.now));
  swarm.Say(0);
  while (swarm.Advance(0)) continue;
  EXPECT_TRUE(swarm.Complete(0));
}

// Its stream ends as soon as it has all, and it says that it holds the model some time later.
TEST(CoordinatorTest, WhoLeavesWithAllOfItIsASourceUntilItCannotBeReached) {
  Swarm swarm({3 * kMiB});
  swarm.Join(0);
  while (swarm.Advance(0)) continue;
  ASSERT_TRUE(swarm.Complete(0));
  swarm.Join(1);
  swarm.nodes[1].given.clear();
  swarm.Take(swarm.coordinator.OnGone(1, swarm.now));
  swarm.Take(swarm.coordinator.OnGone(0, swarm.now));
  swarm.Join(1);
  ASSERT_THAT(swarm.nodes[1].given, SizeIs(2)) << "its two slots for pieces of nodes";
  for (const Assignment& one : swarm.nodes[1].given) EXPECT_EQ(one.source, 0U);
  swarm.Fail(1, FailureReason::kUnreachable);
  EXPECT_THAT(swarm.nodes[1].given, testing::Contains(testing::Field(&Assignment::source, kOrigin)));
}

TEST(CoordinatorTest, WhoLeavesWithAPartOfItIsNoSource) {
  Swarm swarm({3 * kMiB});
  swarm.Join(0);
  swarm.Advance(0);
  swarm.Take(swarm.coordinator.OnGone(0, swarm.now));
  swarm.Join(1);
  for (const Assignment& one : swarm.nodes[1].given) EXPECT_EQ(one.source, kOrigin);
}

TEST(CoordinatorTest, WhoHasDroppedTheModelIsNoSource) {
  Swarm swarm({3 * kMiB});
  swarm.Join(0);
  while (swarm.Advance(0)) continue;
  swarm.Take(swarm.coordinator.OnGone(0, swarm.now));
  swarm.Take(swarm.coordinator.OnDropped(0, swarm.now));
  swarm.Join(1);
  ASSERT_THAT(swarm.nodes[1].given, SizeIs(1));
  EXPECT_EQ(swarm.nodes[1].given[0].source, kOrigin);
}

// It had the file before, as the one that resolved the model has the small ones.
TEST(CoordinatorTest, AFileThatIsProvenIsHere) {
  Swarm swarm({2 * kMiB, 1 * kMiB});
  swarm.nodes[0].origin_slots = 0;
  swarm.Join(0);
  Next next;
  next.proven.push_back(1);
  swarm.nodes[0].pieces[1].Add(0);
  swarm.nodes[0].origin_slots = 1;
  swarm.Say(0, std::move(next));
  while (swarm.Advance(0)) continue;
  swarm.Take(swarm.coordinator.OnGone(0, swarm.now));
  swarm.nodes[1].peer_slots = 3;
  swarm.Join(1);
  const auto wanted = swarm.coordinator.TakeHashesWanted();
  ASSERT_THAT(wanted, SizeIs(1));
  EXPECT_EQ(wanted[0].file, 1U);
  swarm.Take(swarm.coordinator.OnHashes(0, 1, std::vector<Digest>{HashOf({1, 0})}, swarm.now));
  while (swarm.Advance(1)) continue;
  EXPECT_TRUE(swarm.Complete(1));
  EXPECT_EQ(swarm.from_origin, 2U);
}

// A piece that is fetched from the origin is passed over by what comes from there, not by what is said once more.
TEST(CoordinatorTest, WhatATakeoverHearsAgainPassesNothingOver) {
  constexpr uint32_t kPieces = 40;
  Swarm swarm({(kPieces + 1) * kMiB});
  swarm.Add(0);
  swarm.Add(1);
  swarm.Take(swarm.coordinator.On(0, Announce{}, swarm.now));
  swarm.nodes[0].given.push_back({.first = {0, kPieces}, .count = 1, .source = kOrigin});
  swarm.Say(0);
  Announce announce;
  PieceMap pieces((kPieces + 1) * kMiB, kMiB);
  Next next;
  Announce::File file{.file = 0, .pieces = pieces, .hashes = {}};
  for (uint32_t piece = 0; piece < kPieces; ++piece) {
    file.pieces.Add(piece);
    file.hashes.push_back(HashOf({0, piece}));
    next.received.push_back({{0, piece}, kOrigin, HashOf({0, piece})});
  }
  announce.files.push_back(file);
  swarm.nodes[1].pieces[0] = file.pieces;
  swarm.Take(swarm.coordinator.On(1, announce, swarm.now));
  swarm.Say(1, std::move(next));
  EXPECT_THAT(swarm.nodes[1].given, IsEmpty()) << "node 0 brings the last piece";
}

TEST(CoordinatorTest, WhatIsOnItsWayCountsAgainstTheSlots) {
  Swarm swarm({20 * kMiB});
  swarm.Join(0);
  const size_t before = swarm.nodes[0].given.size();
  const auto on_the_way = std::exchange(swarm.nodes[0].given, {});
  swarm.Say(0);  // wrote before it heard of them
  EXPECT_THAT(swarm.nodes[0].given, IsEmpty());
  EXPECT_EQ(on_the_way.size(), before);
}

TEST(CoordinatorTest, WhoWaitsIsServedBeforeWhoSpeaks) {
  Swarm swarm({4 * kMiB}, {.max_uploads = 1});
  swarm.Join(0);
  while (swarm.Advance(0)) continue;
  for (const NodeId node : {1, 2, 3}) {
    swarm.nodes[node].peer_slots = 1;
    swarm.nodes[node].origin_slots = 0;
    swarm.Join(node);
  }
  ASSERT_THAT(swarm.nodes[1].given, SizeIs(1));
  swarm.Advance(1);  // two nodes have a free upload now: 0 once more, and 1
  EXPECT_THAT(swarm.nodes[2].given, SizeIs(1));
  EXPECT_THAT(swarm.nodes[3].given, SizeIs(1));
}

// ---- who attested wrong bytes

struct Lie {
  NodeId liar;
  PieceRef piece;
};

TEST(CoordinatorTest, AnAttesterWhosePieceBreaksTheProofIsFoundAndItsPiecesComeAgain) {
  for (uint32_t lie = 0; lie < 12; ++lie) {
    SCOPED_TRACE(lie);
    Swarm swarm({12 * kMiB});
    for (NodeId node = 0; node < 3; ++node) swarm.liars.insert({node, {0, lie}});  // whoever fetches it first lies
    for (NodeId node = 0; node < 3; ++node) swarm.Join(node);
    while (swarm.AdvanceAll()) continue;
    swarm.liars.clear();  // the next fetch is right
    const uint32_t first_copy = swarm.from_origin;
    EXPECT_EQ(first_copy, 12U);
    std::vector<NodeId> named;
    for (int round = 0; round < 20 && named.empty(); ++round) {
      for (NodeId node = 0; node < 3; ++node) {
        if (!swarm.Complete(node)) continue;
        Next next;
        next.unproven.push_back(0);
        swarm.Say(node, std::move(next));
      }
      while (swarm.AdvanceAll()) continue;
      named = swarm.coordinator.TakeQuarantined();
    }
    EXPECT_THAT(named, SizeIs(1));
    while (swarm.AdvanceAll()) continue;
    for (NodeId node = 0; node < 3; ++node) {
      EXPECT_TRUE(swarm.Complete(node)) << node;
      if (!named.empty() && node != named[0]) {
        EXPECT_THAT(swarm.nodes[node].withdrawn, testing::Contains(PieceRef{0, lie}));
      }
    }
    EXPECT_LE(swarm.from_origin - first_copy, 24U) << "one copy to find it, and what the liar attested";
  }
}

TEST(CoordinatorTest, WhereNobodyElseIsLeftWhoAttestedWrongBytesFetchesThemAgain) {
  for (const NodeId nodes : {1U, 2U}) {
    SCOPED_TRACE(nodes);
    Swarm swarm({4 * kMiB});
    for (NodeId node = 0; node < nodes; ++node) {
      for (uint32_t piece = 0; piece < 4; ++piece) swarm.liars.insert({node, {0, piece}});  // the origin itself
    }
    for (NodeId node = 0; node < nodes; ++node) swarm.Join(node);
    while (swarm.AdvanceAll()) continue;
    swarm.liars.clear();
    for (int round = 0; round < 20; ++round) {
      for (NodeId node = 0; node < nodes; ++node) {
        Next next;
        next.unproven.push_back(0);
        if (swarm.Complete(node)) swarm.Say(node, std::move(next));
      }
      while (swarm.AdvanceAll()) continue;
      (void)swarm.coordinator.TakeQuarantined();
    }
    for (NodeId node = 0; node < nodes; ++node) EXPECT_TRUE(swarm.Complete(node)) << node;
  }
}

TEST(CoordinatorTest, OfTwoHashesForOnePieceTheFirstIsBelievedAndTheOtherTakenBack) {
  Swarm swarm({1 * kMiB});
  swarm.Join(0);
  swarm.Join(1);
  swarm.Advance(0);
  Next next;
  next.received.push_back({{0, 0}, kOrigin, Digest::Of("other")});
  swarm.Say(1, std::move(next));
  EXPECT_THAT(swarm.nodes[1].withdrawn, testing::ElementsAre(PieceRef{0, 0}));
}

}  // namespace
}  // namespace ballast
