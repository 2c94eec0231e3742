#include "swarm/choose_source.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <random>
#include <vector>

namespace ballast {
namespace {

constexpr uint64_t kMiB = 1 << 20;
const Digest kHash = Digest::Of("piece");

// A file of 100 pieces and one of 40; four nodes in two zones.
struct Fixture {
  Fixture() : view({100 * kMiB, 40 * kMiB}) {
    for (NodeId node = 0; node < 4; ++node) {
      view.AddNode(node, static_cast<uint16_t>(node / 2), 6);
      view.SetSource(node, true);
    }
  }
  void Hold(NodeId node, PieceIndex piece) {
    view.SetHash(piece, kHash, node);
    view.AddPiece(node, piece);
  }
  std::optional<Assignment> Choose(NodeId node, bool origin = true, bool nodes = true) {
    return ChooseSource(view,
                        {.node = node,
                         .origin = origin,
                         .nodes = nodes,
                         .windows = windows,
                         .avoid = avoid,
                         .longest_run = longest_run},
                        {});
  }

  SwarmView view;
  std::vector<Window> windows{{0, 0}, {1, 0}};
  std::vector<NodeId> avoid;
  uint32_t longest_run = 4;
};

TEST(ChooseSourceTest, SendsTheFirstToTheOriginForTheFirstPieces) {
  Fixture f;
  const auto chosen = f.Choose(0);
  ASSERT_TRUE(chosen);
  EXPECT_EQ(chosen->source, kOrigin);
  EXPECT_EQ(chosen->first, (PieceRef{0, 0}));
  EXPECT_EQ(chosen->count, 4U);
}

TEST(ChooseSourceTest, SendsNobodyToTheOriginForWhatAnotherFetchesThere) {
  Fixture f;
  for (PieceIndex piece = 0; piece < 4; ++piece) f.view.Begin(0, piece, kOrigin);
  const auto chosen = f.Choose(1);
  ASSERT_TRUE(chosen);
  EXPECT_EQ(chosen->first, (PieceRef{0, 4}));
}

TEST(ChooseSourceTest, ARunEndsWhereAPieceHasASource) {
  Fixture f;
  f.Hold(1, 2);
  const auto chosen = f.Choose(0, true, false);
  ASSERT_TRUE(chosen);
  EXPECT_EQ(chosen->count, 2U);
}

TEST(ChooseSourceTest, ARunEndsWithItsFile) {
  Fixture f;
  f.longest_run = 32;
  f.windows = {{0, 98}, {1, 0}};
  const auto chosen = f.Choose(0);
  ASSERT_TRUE(chosen);
  EXPECT_EQ(chosen->first, (PieceRef{0, 98}));
  EXPECT_EQ(chosen->count, 2U);
}

TEST(ChooseSourceTest, GivesAPieceOnceMoreThatOthersHaveGonePast) {
  Fixture f;
  f.windows = {{0, 0}};
  for (PieceIndex piece = 0; piece < 100; ++piece) f.view.Begin(0, piece, kOrigin);
  EXPECT_FALSE(f.Choose(1));
  for (int i = 0; i < 13; ++i) f.view.CountOriginPiece();  // three rounds of at least four
  const auto chosen = f.Choose(1);
  ASSERT_TRUE(chosen);
  EXPECT_EQ(chosen->first, (PieceRef{0, 0}));
  EXPECT_EQ(chosen->count, 1U);
}

TEST(ChooseSourceTest, FewPiecesAreGivenOnceMoreBecauseOthersHaveGonePast) {
  Fixture f;
  f.windows = {{0, 0}};
  for (PieceIndex piece = 0; piece < 100; ++piece) f.view.Begin(0, piece, kOrigin);
  for (int i = 0; i < 99; ++i) f.view.CountOriginPiece();
  for (const PieceIndex piece : {0U, 1U}) {
    ASSERT_TRUE(f.Choose(1));
    f.view.Begin(1, piece, kOrigin);
  }
  EXPECT_FALSE(f.Choose(1));
  f.view.CountOriginPiece();
  const auto chosen = f.Choose(1);
  ASSERT_TRUE(chosen);
  EXPECT_EQ(chosen->first, (PieceRef{0, 2}));
}

TEST(ChooseSourceTest, SendsNoMoreNodesToTheOriginThanThePolicySays) {
  Fixture f;
  f.view.Begin(0, 0, kOrigin);
  const SourceRequest request{.node = 1, .origin = true, .windows = f.windows};
  EXPECT_FALSE(ChooseSource(f.view, request, {.max_origin_nodes = 1}));
  EXPECT_TRUE(ChooseSource(f.view, request, {.max_origin_nodes = 2}));
}

TEST(ChooseSourceTest, TakesTheRarestPieceOfItsZone) {
  Fixture f;
  f.Hold(1, 7);
  f.Hold(1, 8);
  f.view.AddNode(4, 0, 6);
  f.view.SetSource(4, true);
  f.Hold(4, 7);
  const auto chosen = f.Choose(0, false);
  ASSERT_TRUE(chosen);
  EXPECT_EQ(chosen->first, (PieceRef{0, 8}));
  EXPECT_EQ(chosen->source, 1U);
  EXPECT_EQ(chosen->hash, kHash);
}

TEST(ChooseSourceTest, TakesTheLeastLoadedHolder) {
  Fixture f;
  f.view.AddNode(4, 0, 6);
  f.view.SetSource(4, true);
  f.Hold(1, 7);
  f.Hold(4, 7);
  f.Hold(1, 50);
  f.view.Begin(4, 50, 1);
  const auto chosen = f.Choose(0, false);
  ASSERT_TRUE(chosen);
  EXPECT_EQ(chosen->source, 4U);
}

TEST(ChooseSourceTest, PrefersItsZoneAlsoForACommonerPiece) {
  Fixture f;
  f.Hold(1, 7);
  f.Hold(2, 3);
  const auto chosen = f.Choose(0, false);
  ASSERT_TRUE(chosen);
  EXPECT_EQ(chosen->source, 1U);
}

TEST(ChooseSourceTest, CrossesZonesForWhatNobodyBringsYet) {
  Fixture f;
  f.Hold(2, 3);
  const auto first = f.Choose(0, false);
  ASSERT_TRUE(first);
  EXPECT_EQ(first->source, 2U);
  f.view.Begin(0, 3, 2);
  EXPECT_FALSE(f.Choose(1, false)) << "node 0 brings it into the zone";
}

TEST(ChooseSourceTest, NeverTakesAPieceWithoutAHash) {
  Fixture f;
  f.view.AddPiece(1, 7);
  EXPECT_FALSE(f.Choose(0, false));
}

TEST(ChooseSourceTest, APieceWhoseHashNobodyKnowsComesFromTheOriginUnlessSomebodyWasAsked) {
  Fixture f;
  f.windows = {{0, 7}};
  f.view.AddPiece(1, 7);
  EXPECT_EQ(f.Choose(0)->first, (PieceRef{0, 7}));
  f.view.SetHashesComing(0, true);
  EXPECT_EQ(f.Choose(0)->first, (PieceRef{0, 8}));
}

TEST(ChooseSourceTest, AvoidsWhatItIsTold) {
  Fixture f;
  f.Hold(1, 7);
  f.avoid = {1};
  EXPECT_FALSE(f.Choose(0, false));
}

TEST(ChooseSourceTest, AHedgeComesFromAnotherHolder) {
  Fixture f;
  f.Hold(1, 7);
  f.Hold(2, 7);
  const std::vector<NodeId> late{1};
  const auto chosen = ChooseForPiece(f.view, {.node = 0, .avoid = late}, 7);
  ASSERT_TRUE(chosen);
  EXPECT_EQ(chosen->source, 2U);
  const std::vector<NodeId> both{1, 2};
  EXPECT_FALSE(ChooseForPiece(f.view, {.node = 0, .avoid = both}, 7));
}

// ---- the rules, over views that a generator makes

struct Generated {
  explicit Generated(uint32_t seed) : random(seed), view({Pick(1, 90) * kMiB, 0, Pick(1, 200) * kMiB, 1}) {
    const uint32_t nodes = Pick(1, 12);
    for (NodeId node = 0; node < nodes; ++node) {
      view.AddNode(node, static_cast<uint16_t>(Pick(0, 2)), Pick(1, 3));
      view.SetSource(node, Pick(0, 5) != 0);
      const uint32_t share = Pick(0, 100);
      for (PieceIndex piece = 0; piece < view.pieces(); ++piece) {
        if (Pick(0, 150) < share) view.AddPiece(node, piece);
      }
    }
    for (PieceIndex piece = 0; piece < view.pieces(); ++piece) {
      if (Pick(0, 9) != 0) view.SetHash(piece, kHash, 0);
    }
    for (uint32_t i = Pick(0, 30); i > 0; --i) {
      const NodeId receiver = Pick(0, nodes - 1);
      const NodeId source = Pick(0, 3) == 0 ? kOrigin : Pick(0, nodes - 1);
      const PieceIndex piece = Pick(0, view.pieces() - 1);
      if (!view.node(receiver).pending.Has(piece)) view.Begin(receiver, piece, source);
    }
    node = Pick(0, nodes - 1);
    for (uint32_t file = 0; file < view.files(); ++file) windows.push_back({file, Pick(0, view.file(file).pieces)});
    if (Pick(0, 1) == 0) avoid.push_back(Pick(0, nodes - 1));
  }
  uint32_t Pick(uint32_t least, uint32_t most) { return std::uniform_int_distribution<uint32_t>(least, most)(random); }
  bool InWindow(PieceRef ref) const {
    return ref.piece >= windows[ref.file].begin && ref.piece - windows[ref.file].begin < kWindowPieces;
  }
  SourceRequest Request(bool origin, bool nodes) const {
    return {.node = node, .origin = origin, .nodes = nodes, .windows = windows, .avoid = avoid, .longest_run = 8};
  }
  // Somebody who may send the piece to the node now.
  bool HasFreeHolder(PieceIndex piece, std::optional<uint16_t> zone) const {
    for (NodeId other = 0; other < view.nodes(); ++other) {
      const SwarmView::Node& facts = view.node(other);
      const bool avoided = other == node || std::find(avoid.begin(), avoid.end(), other) != avoid.end();
      if (facts.source && facts.have.Has(piece) && facts.uploads < facts.limit && !avoided &&
          (!zone || facts.zone == *zone))
        return true;
    }
    return false;
  }

  std::mt19937 random;
  SwarmView view;
  NodeId node = 0;
  std::vector<Window> windows;
  std::vector<NodeId> avoid;
};

TEST(ChooseSourceRulesTest, WhatIsChosenMayBeGiven) {
  for (uint32_t seed = 0; seed < 3000; ++seed) {
    SCOPED_TRACE(seed);
    const Generated g(seed);
    const auto chosen = ChooseSource(g.view, g.Request(seed % 2 == 0, true), {});
    if (!chosen) continue;
    for (uint32_t i = 0; i < chosen->count; ++i) {
      const PieceRef ref{chosen->first.file, chosen->first.piece + i};
      ASSERT_TRUE(g.view.Knows(ref));
      const PieceIndex piece = g.view.IndexOf(ref);
      EXPECT_EQ(g.view.RefOf(piece), ref);
      EXPECT_TRUE(g.InWindow(ref));
      EXPECT_FALSE(g.view.node(g.node).have.Has(piece));
      EXPECT_FALSE(g.view.node(g.node).pending.Has(piece));
      if (chosen->source == kOrigin) {
        EXPECT_EQ(g.view.piece(piece).origin_fetches, 0);
      }
    }
    if (chosen->source == kOrigin) continue;
    const SwarmView::Node& source = g.view.node(chosen->source);
    const PieceIndex piece = g.view.IndexOf(chosen->first);
    EXPECT_TRUE(source.source && source.have.Has(piece) && source.uploads < source.limit);
    EXPECT_THAT(g.avoid, testing::Not(testing::Contains(chosen->source)));
    EXPECT_NE(chosen->source, g.node);
    EXPECT_TRUE(g.view.piece(piece).hashed);
    const uint16_t zone = g.view.node(g.node).zone;
    if (source.zone != zone) {
      EXPECT_EQ(g.view.HoldersIn(zone, piece), 0U) << "its own zone has it";
      EXPECT_FALSE(g.view.ComingTo(zone).Has(piece)) << "somebody brings it there";
    }
  }
}

TEST(ChooseSourceRulesTest, NothingIsChosenOnlyWhereNothingMayBeGiven) {
  for (uint32_t seed = 0; seed < 3000; ++seed) {
    SCOPED_TRACE(seed);
    const Generated g(seed);
    if (ChooseSource(g.view, g.Request(true, true), {})) continue;
    const SwarmView::Node& node = g.view.node(g.node);
    for (PieceIndex piece = 0; piece < g.view.pieces(); ++piece) {
      if (!g.InWindow(g.view.RefOf(piece)) || node.have.Has(piece) || node.pending.Has(piece)) continue;
      EXPECT_FALSE(g.view.unsourced().Has(piece));
      if (!g.view.piece(piece).hashed) continue;
      EXPECT_FALSE(g.HasFreeHolder(piece, node.zone));
      const bool may_cross = g.view.HoldersIn(node.zone, piece) == 0 && !g.view.ComingTo(node.zone).Has(piece);
      if (may_cross) {
        EXPECT_FALSE(g.HasFreeHolder(piece, std::nullopt));
      }
    }
  }
}

// The counts by which it chooses, against counting anew.
TEST(SwarmViewTest, ItsSetsSayWhatItsNodesSay) {
  for (uint32_t seed = 0; seed < 1000; ++seed) {
    SCOPED_TRACE(seed);
    Generated g(seed);
    for (int i = 0; i < 20; ++i) {
      const NodeId node = g.Pick(0, g.view.nodes() - 1);
      const PieceIndex piece = g.Pick(0, g.view.pieces() - 1);
      switch (g.Pick(0, 3)) {
        case 0:
          g.view.AddPiece(node, piece);
          break;
        case 1:
          g.view.RemovePiece(node, piece);
          break;
        case 2:
          g.view.SetSource(node, g.Pick(0, 1) == 0);
          break;
        default:
          g.view.ClearHash(piece);
      }
    }
    uint32_t unsourced = 0;
    for (PieceIndex piece = 0; piece < g.view.pieces(); ++piece) {
      uint32_t holders = 0;
      std::map<uint16_t, uint32_t> by_zone;
      for (NodeId node = 0; node < g.view.nodes(); ++node) {
        if (!g.view.node(node).source || !g.view.node(node).have.Has(piece)) continue;
        ++holders;
        ++by_zone[g.view.node(node).zone];
      }
      EXPECT_EQ(g.view.piece(piece).holders, holders);
      EXPECT_EQ(g.view.present().Has(piece), holders > 0);
      for (uint16_t zone = 0; zone < g.view.zones(); ++zone) {
        EXPECT_EQ(g.view.HoldersIn(zone, piece), by_zone[zone]);
        EXPECT_EQ(g.view.PresentIn(zone).Has(piece), by_zone[zone] > 0);
      }
      const bool sourced = holders > 0 && g.view.piece(piece).hashed;
      EXPECT_EQ(g.view.unsourced().Has(piece), !sourced && g.view.piece(piece).origin_fetches == 0);
      unsourced += g.view.unsourced().Has(piece) ? 1 : 0;
    }
    EXPECT_EQ(g.view.unsourced_count(), unsourced);
  }
}

}  // namespace
}  // namespace ballast
