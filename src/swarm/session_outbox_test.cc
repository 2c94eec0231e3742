#include "swarm/session_outbox.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <random>
#include <set>

namespace ballast {
namespace {

Next Wanting(uint32_t slots) { return {.peer_slots = slots, .windows = {{0, 0}}}; }

template <typename T>
const T& Said(const std::optional<FromNode>& message) {
  return std::get<T>(message.value().message);
}

// Up to the Announce that a new stream begins with.
void Open(SessionOutbox& outbox) {
  outbox.Begin({.model = Digest::Of("m")});
  ASSERT_TRUE(std::holds_alternative<Hello>(outbox.Pop().value().message));
  if (outbox.Welcome()) outbox.Add(Announce{});
  ASSERT_TRUE(std::holds_alternative<Announce>(outbox.Pop().value().message));
}

TEST(SessionOutboxTest, NothingGoesBeforeAnAnnounceIsAskedFor) {
  SessionOutbox outbox;
  outbox.Begin({.model = Digest::Of("m")});
  outbox.Add(Announce{});
  outbox.Add(Wanting(3));
  EXPECT_EQ(Said<Hello>(outbox.Pop()).model, Digest::Of("m"));
  EXPECT_FALSE(outbox.Pop());
  EXPECT_FALSE(outbox.Welcome()) << "one waits";
  EXPECT_TRUE(std::holds_alternative<Announce>(outbox.Pop().value().message));
  EXPECT_EQ(Said<Next>(outbox.Pop()).peer_slots, 3U);
  EXPECT_FALSE(outbox.Pop());
}

TEST(SessionOutboxTest, MessagesAreNumberedFromOneOnEachStream) {
  SessionOutbox outbox;
  for (int stream = 0; stream < 2; ++stream) {
    Open(outbox);
    outbox.Add(Wanting(1));
    EXPECT_EQ(outbox.Pop().value().seq, 3U);
  }
}

TEST(SessionOutboxTest, AManifestGoesInPartsBetweenHelloAndAnnounce) {
  SessionOutbox outbox;
  outbox.Begin({});
  (void)outbox.Pop();
  outbox.Add(std::make_shared<const std::string>(2 * kManifestPartBytes + 1, 'm'));
  EXPECT_FALSE(Said<ManifestPart>(outbox.Pop()).last);
  EXPECT_FALSE(Said<ManifestPart>(outbox.Pop()).last);
  const auto last = outbox.Pop();
  EXPECT_TRUE(Said<ManifestPart>(last).last);
  EXPECT_EQ(Said<ManifestPart>(last).data, "m");
  EXPECT_FALSE(outbox.Pop());
}

TEST(SessionOutboxTest, AskingForAnAnswerSaysTheLastWishAgainWithoutItsReports) {
  SessionOutbox outbox;
  EXPECT_FALSE(outbox.AskForAnswer()) << "nothing was said yet";
  Open(outbox);
  Next next = Wanting(2);
  next.received.push_back({{0, 1}, kOrigin, {}});
  outbox.Add(next);
  (void)outbox.Pop();
  EXPECT_TRUE(outbox.AskForAnswer());
  const auto again = outbox.Pop();
  EXPECT_TRUE(again->answer);
  EXPECT_EQ(Said<Next>(again).peer_slots, 2U);
  EXPECT_TRUE(Said<Next>(again).received.empty());
  EXPECT_FALSE(outbox.Pop());
}

TEST(SessionOutboxTest, OnlyTheLastOfSeveralNextsWishesForSomething) {
  SessionOutbox outbox;
  Open(outbox);
  Next next = Wanting(2);
  next.received.resize(SessionOutbox::kMostReceived + 5);
  outbox.Add(next);
  const auto first = outbox.Pop();
  EXPECT_EQ(Said<Next>(first).received.size(), SessionOutbox::kMostReceived);
  EXPECT_EQ(Said<Next>(first).peer_slots, 0U);
  const auto second = outbox.Pop();
  EXPECT_EQ(Said<Next>(second).received.size(), 5U);
  EXPECT_EQ(Said<Next>(second).peer_slots, 2U);
}

TEST(SessionOutboxTest, AFileThatIsNotProvenIsToldAgainUntilItIsOrItsPiecesAreWithdrawn) {
  SessionOutbox outbox;
  Open(outbox);
  Next next = Wanting(1);
  next.unproven = {0, 1, 2};
  outbox.Add(next);
  (void)outbox.Pop();
  outbox.Forget({{1, 5}});
  Next proof = Wanting(1);
  proof.proven = {2};
  outbox.Add(proof);
  (void)outbox.Pop();
  Open(outbox);
  outbox.Add(Wanting(1));
  EXPECT_THAT(Said<Next>(outbox.Pop()).unproven, testing::ElementsAre(0));
}

TEST(SessionOutboxTest, ANodeStarvesWhenItWantsPiecesAndNoneAreUnderWay) {
  SessionOutbox outbox;
  EXPECT_FALSE(outbox.starving());
  outbox.Add(Wanting(1));
  EXPECT_TRUE(outbox.starving());
  outbox.Assigned();
  EXPECT_FALSE(outbox.starving());
  Next busy = Wanting(1);
  busy.in_flight.push_back({{0, 0}, 1, 3});
  outbox.Add(busy);
  EXPECT_FALSE(outbox.starving());
  outbox.Add(Wanting(0));
  EXPECT_FALSE(outbox.starving());
}

// Streams that break anywhere: what the last coordinator has seen, with what the Announce to it said, is everything.
TEST(SessionOutboxTest, WhateverBreaksNoReportIsLost) {
  for (uint32_t seed = 1; seed <= 300; ++seed) {
    std::minstd_rand random(seed);
    SessionOutbox outbox;
    std::set<uint32_t> received, failed;  // said by the node
    std::set<uint32_t> received_seen;     // by the last coordinator
    std::set<uint32_t> failed_seen;       // by any
    std::map<uint64_t, std::vector<uint32_t>> failed_on_the_way;
    uint32_t next_piece = 0;
    const auto announce = [&] {
      Announce all;
      PieceMap pieces(uint64_t{1} << 28, 1 << 20);
      for (const uint32_t piece : received) pieces.Add(piece);
      if (!received.empty()) all.files.push_back({.file = 0, .pieces = pieces, .hashes = {}});
      outbox.Add(std::move(all));
    };
    const auto open = [&] {
      received_seen.clear();
      failed_on_the_way.clear();
      outbox.Begin({});
      (void)outbox.Pop();
      if (outbox.Welcome()) announce();
      const auto announced = outbox.Pop();
      for (const auto& file : Said<Announce>(announced).files) {
        for (uint32_t piece = 0; piece < file.pieces.count(); ++piece) {
          if (file.pieces.has(piece)) received_seen.insert(piece);
        }
      }
    };
    const auto deliver = [&](bool confirmed) {
      const auto message = outbox.Pop();
      if (!message) return;
      for (const Received& one : Said<Next>(message).received) received_seen.insert(one.piece.piece);
      for (const Failed& one : Said<Next>(message).failed) failed_on_the_way[message->seq].push_back(one.first.piece);
      if (!confirmed) return;
      outbox.Seen(message->seq);
      for (const auto& [seq, pieces] : failed_on_the_way) failed_seen.insert(pieces.begin(), pieces.end());
      failed_on_the_way.clear();
    };
    open();
    for (int step = 0; step < 60; ++step) {
      switch (random() % 5) {
        case 0:
        case 1: {
          Next next = Wanting(1);
          received.insert(next_piece);
          next.received.push_back({{0, next_piece++}, kOrigin, {}});
          failed.insert(next_piece);
          next.failed.push_back({{0, next_piece++}, 1, kOrigin, FailureReason::kSlow});
          outbox.Add(std::move(next));
          break;
        }
        case 2:
          deliver(true);
          break;
        case 3:
          deliver(false);
          break;
        default:
          open();
      }
    }
    outbox.Add(Wanting(1));
    deliver(true);
    EXPECT_TRUE(std::includes(received_seen.begin(), received_seen.end(), received.begin(), received.end())) << seed;
    EXPECT_TRUE(std::includes(failed_seen.begin(), failed_seen.end(), failed.begin(), failed.end())) << seed;
  }
}

}  // namespace
}  // namespace ballast
