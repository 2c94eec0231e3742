// Several daemons as one swarm: what a person with three machines would see.
#include <gmock/gmock.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <thread>

#include "daemon/testing/service_fixture.h"
#include "daemon/testing/swarm_fixture.h"

namespace ballast {
namespace {

namespace fs = std::filesystem;
using ::testing::AllOf;
using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

// The small file is fetched by the node that resolves, and may be by one more.
constexpr uint64_t kSmall = 16;

class SwarmDaemonTest : public SwarmFixture {};

TEST_F(SwarmDaemonTest, AModelLeavesTheOriginOnceAndReachesAll) {
  Start(3);
  AllPull();
  EXPECT_GE(origin_.real().bytes_delivered(), weights_.size());
  EXPECT_LE(origin_.real().bytes_delivered(), weights_.size() + kSmall);
  EXPECT_EQ(origin_.real().resolves(), 1);
  for (const auto& node : nodes_) {
    EXPECT_THAT(node->Get("/metrics"), HasSubstr("ballast_swarm_bytes_total{source=\"peer_"));
    EXPECT_THAT(node->GetStatus().problems(), IsEmpty());
  }
}

TEST_F(SwarmDaemonTest, ANewNodeWarmsWhollyFromTheOthersWhileTheHubIsOff) {
  Start(2);
  AllPull();
  origin_.TurnOff();
  const uint64_t before = origin_.real().bytes_delivered();
  SwarmDaemon& late = Add();
  const SwarmDaemon::Pulled pulled = late.Pull("hf://org/a");
  ExpectWhole(late, pulled);
  EXPECT_EQ(pulled.ready.bytes_fetched(), 0U);
  EXPECT_GE(pulled.ready.bytes_from_peers(), weights_.size() + 2) << "a late piece may come from two nodes";
  EXPECT_EQ(origin_.real().bytes_delivered(), before);
}

TEST_F(SwarmDaemonTest, OneThatGoesInTheMiddleStopsNobodyElse) {
  Start(4);
  origin_.real().HoldRead("model.safetensors", 4 * kMiB);
  std::vector<std::jthread> pulls;
  for (size_t i = 0; i < 3; ++i) {
    pulls.emplace_back([this, i] { ExpectWhole(*nodes_[i], nodes_[i]->Pull("hf://org/a")); });
  }
  std::jthread leaver([this] { EXPECT_FALSE(nodes_[3]->Pull("hf://org/a").status.ok()); });
  origin_.real().AwaitHeld();
  nodes_[3]->daemon.reset();
  leaver.join();
  origin_.real().Continue();
  pulls.clear();
  EXPECT_LE(origin_.real().bytes_delivered(), 2 * weights_.size());
}

TEST_F(SwarmDaemonTest, WithoutACertificateItIsOnItsOwnUntilTheFilesCome) {
  Start(2);
  AllPull();
  SwarmDaemon& node = AddWithoutCertificate();
  EXPECT_THAT(node.GetStatus().problems(), Contains(HasSubstr("swarm off, models come from their origins")));
  EXPECT_THAT(node.Get("/metrics"), AllOf(HasSubstr("ballast_swarm_active 0\n"),
                                          HasSubstr("ballast_swarm_certificate_expiry_timestamp_seconds 0\n")));
  const SwarmDaemon::Pulled alone = node.Pull("hf://org/a");
  ExpectWhole(node, alone);
  EXPECT_EQ(alone.ready.bytes_from_peers(), 0U);
  IssueCertificate(node.name);
  WaitUntil([&] { return node.GetStatus().problems().empty(); });
  EXPECT_THAT(node.Get("/metrics"), AllOf(HasSubstr("ballast_swarm_active 1\n"),
                                          Not(HasSubstr("ballast_swarm_certificate_expiry_timestamp_seconds 0\n"))));
  const std::string other = Weights(3 * kMiB, 7);
  origin_.real().Put("hf://org/b", {{.path = "w.bin", .content = other}});
  ASSERT_TRUE(nodes_[0]->Pull("hf://org/b").status.ok());
  const uint64_t before = origin_.real().bytes_delivered();
  EXPECT_GE(node.Pull("hf://org/b").ready.bytes_from_peers(), other.size());
  EXPECT_EQ(origin_.real().bytes_delivered(), before);
}

TEST_F(SwarmDaemonTest, StatusOfAModelSaysWhoGivesWhomWhat) {
  Start(3);
  origin_.real().HoldRead("model.safetensors", 4 * kMiB);
  std::vector<std::jthread> pulls;
  for (const auto& node : nodes_) {
    pulls.emplace_back([this, &node] { ExpectWhole(*node, node->Pull("hf://org/a")); });
  }
  origin_.real().AwaitHeld();
  // One of them coordinates, and sees somebody at the origin.
  WaitUntil([&] {
    for (const auto& node : nodes_) {
      const cache::v1::ModelTransfers seen = node->Transfers("hf://org/a");
      for (const auto& transfer : seen.transfers()) {
        if (transfer.source().empty()) return true;
      }
    }
    return false;
  });
  // Whoever downloads says whom from.
  WaitUntil([&] {
    for (const auto& node : nodes_) {
      const cache::v1::ModelTransfers seen = node->Transfers("hf://org/a");
      for (const auto& source : seen.sources()) {
        if (source.bytes() > 0) return true;
      }
    }
    return false;
  });
  for (const auto& node : nodes_) WaitUntil([&] { return !node->Transfers("hf://org/a").coordinator().empty(); });
  origin_.real().Continue();
}

// n1's file changes on its disk, behind its back: what it sends is not what its hashes say.
TEST_F(SwarmDaemonTest, ANodeThatSendsWrongBytesIsQuarantinedAndShown) {
  Start(3);
  const SwarmDaemon::Pulled first = nodes_[0]->Pull("hf://org/a");
  ExpectWhole(*nodes_[0], first);
  const fs::path blob = fs::path(nodes_[0]->config.cache.dir) / "blobs/sha256" / Digest::Of(weights_).Hex();
  fs::permissions(blob, fs::perms::owner_write, fs::perm_options::add);
  std::fstream(blob, std::ios::binary | std::ios::in | std::ios::out) << std::string(weights_.size(), 'x');
  origin_.TurnOff();  // nobody has another source
  std::vector<std::jthread> pulls;
  for (const size_t i : {1, 2}) {
    pulls.emplace_back([this, i] { ExpectWhole(*nodes_[i], nodes_[i]->Pull("hf://org/a")); });
  }
  // Whoever coordinates counts it, and says so.
  WaitUntil([&] {
    return std::any_of(nodes_.begin(), nodes_.end(), [&first](const auto& node) {
      const cache::v1::ModelTransfers seen = node->Transfers(first.ready.manifest());
      return seen.quarantined_size() == 1 && seen.quarantined(0) == "n1" &&
             node->Get("/metrics").find("\nballast_swarm_quarantined_nodes_total 1\n") != std::string::npos;
    });
  });
  for (const size_t i : {1, 2})
    EXPECT_THAT(nodes_[i]->Get("/metrics"), Not(HasSubstr("\nballast_swarm_distrusted_nodes_total 0\n")));
  origin_.TurnOn();
}

TEST_F(SwarmDaemonTest, ARestartedNodeServesWithoutFetchingAnything) {
  Start(2);
  AllPull();
  origin_.TurnOff();
  for (const auto& node : nodes_) {
    node->Kill();
  }
  // The second comes back alone, and a third one gets the model from it.
  const uint64_t before = origin_.real().bytes_delivered();
  Restart(*nodes_[1]);
  SwarmDaemon& late = Add();
  ExpectWhole(late, late.Pull("hf://org/a"));
  EXPECT_EQ(origin_.real().bytes_delivered(), before);
}

}  // namespace
}  // namespace ballast
