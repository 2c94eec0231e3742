#include "daemon/transfer_counts.h"

#include <gtest/gtest.h>

#include <optional>

namespace ballast {
namespace {

using std::chrono::seconds;
const SteadyTime kStart = SteadyTime(std::chrono::hours(1));
const TransferCounts::Who kOriginItself{};
const TransferCounts::Who kNear{SourceKind::kSameZone, "near", "a"};
const TransferCounts::Who kFar{SourceKind::kOtherZone, "far", "b"};

TEST(TransferCountsTest, SumsBySourceAndKind) {
  TransferCounts counts;
  const TransferCounts::InFlight from_near(counts, kNear);
  from_near.Received(5);
  from_near.Received(2);
  TransferCounts::InFlight(counts, kFar).Received(10);
  TransferCounts::InFlight(counts, kOriginItself).Received(100);
  const std::vector<TransferSource> sources = counts.Look(kStart);
  ASSERT_EQ(sources.size(), 3U);
  EXPECT_EQ(sources[0], (TransferSource{.kind = SourceKind::kOrigin, .bytes = 100}));
  EXPECT_EQ(sources[1], (TransferSource{.kind = SourceKind::kOtherZone, .name = "far", .zone = "b", .bytes = 10}));
  EXPECT_EQ(sources[2],
            (TransferSource{.kind = SourceKind::kSameZone, .name = "near", .zone = "a", .bytes = 7, .in_flight = 1}));
  EXPECT_EQ(BytesFrom(sources, SourceKind::kOrigin), 100U);
  EXPECT_EQ(BytesFrom(sources, SourceKind::kSameZone), 7U);
  EXPECT_EQ(BytesFromPeers(sources), 17U);
}

TEST(TransferCountsTest, WhatIsInFlightGoesDownAgainAndTheRateIsOfTheLastSeconds) {
  TransferCounts counts;
  std::optional<TransferCounts::InFlight> first, second;
  first.emplace(counts, kNear);
  second.emplace(counts, kNear);
  EXPECT_EQ(counts.Look(kStart)[0].in_flight, 2U);
  first->Received(4000);
  first.reset();
  const TransferSource near = counts.Look(kStart + seconds(2))[0];
  EXPECT_EQ(near.in_flight, 1U);
  EXPECT_EQ(near.bytes_per_second, 2000U);
  second.reset();
  EXPECT_EQ(counts.Look(kStart + seconds(3))[0].in_flight, 0U);
}

}  // namespace
}  // namespace ballast
