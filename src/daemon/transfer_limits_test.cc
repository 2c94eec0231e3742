// The four limits, each by itself and in the whole daemon, by a time that only they make pass.
#include <gmock/gmock.h>

#include <atomic>
#include <thread>

#include "daemon/testing/service_fixture.h"
#include "daemon/testing/swarm_fixture.h"
#include "daemon/testing/test_pace.h"

namespace ballast {
namespace {

using ::testing::AllOf;
using ::testing::Ge;
using ::testing::Le;

constexpr uint64_t kRate = kMiB;
constexpr double kBurst = 0.25;  // seconds

// As long as so many bytes take at kRate, but for the burst.
auto Takes(uint64_t bytes) {
  const double seconds = static_cast<double>(bytes) / kRate;
  return AllOf(Ge(seconds - 1.01 * kBurst), Le(seconds + 0.01));
}

// Some of them may come twice.
auto TakesAtLeast(uint64_t bytes) { return Ge(static_cast<double>(bytes) / kRate - 1.01 * kBurst); }

struct LimitCase {
  const char* name;
  TransferRates rates;
  TransferFrom from;
  bool demanded;
  bool limited;
};

TEST(TransferLimitsTest, EachBucketHoldsUpItsOwnBytesAndNoOthers) {
  constexpr TransferFrom kPeer = TransferFrom::kPeer, kHub = TransferFrom::kOrigin;
  const LimitCase cases[] = {
      {"no limit", {}, kHub, true, false},
      {"download, from a peer", {.download = kRate}, kPeer, true, true},
      {"download, from the origin", {.download = kRate}, kHub, true, true},
      {"download, prewarm", {.download = kRate}, kPeer, false, true},
      {"origin, from a peer", {.origin = kRate}, kPeer, true, false},
      {"origin, from the origin", {.origin = kRate}, kHub, true, true},
      {"origin, prewarm", {.origin = kRate}, kHub, false, true},
      {"prewarm, demanded", {.prewarm = kRate}, kHub, true, false},
      {"prewarm, from a peer", {.prewarm = kRate}, kPeer, false, true},
      {"prewarm, from the origin", {.prewarm = kRate}, kHub, false, true},
  };
  constexpr uint64_t kChunk = 64 << 10;
  for (const LimitCase& one : cases) {
    SkippingPace pace;
    TransferLimits limits(one.rates, pace);
    for (uint64_t bytes = 0; bytes < 8 * kMiB; bytes += kChunk)
      ASSERT_EQ(limits.Wait(one.from, kChunk, [&] { return one.demanded; }, {}), OkStatus());
    if (!one.limited) {
      EXPECT_EQ(pace.seconds(), 0) << one.name;
    } else if (one.demanded || one.rates.prewarm > 0) {
      EXPECT_THAT(pace.seconds(), Takes(8 * kMiB)) << one.name;
    } else {
      // Only what others leave: it asks each time whether they did.
      EXPECT_THAT(pace.seconds(), TakesAtLeast(8 * kMiB)) << one.name;
    }
  }
}

TEST(TransferLimitsTest, AStopEndsTheWait) {
  StandingPace pace;
  TransferLimits limits({.download = 1}, pace);
  std::stop_source stop;
  std::jthread waiting([&] {
    EXPECT_EQ(limits
                  .Wait(
                      TransferFrom::kPeer, kMiB, [] { return true; }, stop.get_token())
                  .code(),
              StatusCode::kCancelled);
  });
  stop.request_stop();
}

TEST(TransferLimitsTest, WhoBeginsToWaitForAPrewarmEndsItsHoldUp) {
  StandingPace pace;
  TransferLimits limits({.prewarm = 1}, pace);
  std::atomic<bool> demanded = false;
  std::atomic<int> asked = 0;
  std::jthread prewarm([&] {
    const auto is_demanded = [&] {
      ++asked;
      return demanded.load();
    };
    EXPECT_EQ(limits.Wait(TransferFrom::kOrigin, kMiB, is_demanded, {}), OkStatus());
  });
  while (asked < 2) std::this_thread::yield();  // it waits
  demanded = true;
}

// ---- the whole daemon, alone

class DaemonLimitsTest : public ServiceFixture {
 protected:
  // `name`: of a ClusterModelCache.
  Prepared Demand(const std::string& name) {
    cache::v1::PrepareRequest request;
    request.set_cluster_cache(name);
    return Prepare(request);
  }
  std::string PhaseOf(const std::string& model) {
    for (const cache::v1::Model& one : List()) {
      if (one.model().starts_with(model)) return one.phase();
    }
    return "";
  }
  void Prewarm() { WriteCache("a", "source: {uri: \"hf://org/a\"}, nodes: {}"); }
};

TEST_F(DaemonLimitsTest, ADemandedModelOvertakesAPrewarmThatIsHeldToItsRate) {
  const std::string other = Weights(3 * kMiB, 7);
  origin_.Put("hf://org/b", {{.path = "w.bin", .content = other}});
  StandingPace pace;
  pace_ = &pace;
  config_.limits.prewarm_bytes_per_second = kRate;
  Prewarm();
  Start();
  WaitUntil([&] { return origin_.bytes_delivered() >= kRate / 4; });  // its burst; no time passes for more
  const Prepared demanded = Prepare(Pull("hf://org/b"));
  ASSERT_TRUE(demanded.status.ok()) << demanded.status.error_message();
  EXPECT_TRUE(Content(demanded.ready.view(), "w.bin") == other);
  EXPECT_EQ(PhaseOf("hf://org/a"), "downloading");
  EXPECT_LT(origin_.bytes_delivered(), other.size() + weights_.size() / 2);
  // And once somebody waits for the prewarmed model itself, it is held to that rate no more.
  const Prepared too = Demand("a");
  ASSERT_TRUE(too.status.ok()) << too.status.error_message();
  EXPECT_TRUE(Content(too.ready.view(), "model.safetensors") == weights_);
}

TEST_F(DaemonLimitsTest, DownloadAndOriginRatesHoldUpWhatSomebodyWaitsFor) {
  using Limits = decltype(config_.limits);
  for (const auto rate : {&Limits::download_bytes_per_second, &Limits::origin_bytes_per_second}) {
    SkippingPace pace;
    pace_ = &pace;
    config_.limits = {};
    config_.limits.*rate = kRate;
    Start();
    ASSERT_TRUE(Prepare(Pull("hf://org/a")).status.ok());
    EXPECT_THAT(pace.seconds(), Takes(weights_.size()));
    ASSERT_TRUE(Remove("hf://org/a").ok());
    Stop();
  }
}

TEST_F(DaemonLimitsTest, ThePrewarmRateHoldsUpWhatOnlyAManifestWants) {
  SkippingPace pace;
  pace_ = &pace;
  config_.limits.prewarm_bytes_per_second = kRate;
  Prewarm();
  Start();
  WaitUntil([&] { return PhaseOf("hf://org/a") == "ready"; });
  EXPECT_THAT(pace.seconds(), Takes(weights_.size()));
}

// ---- in a swarm: n2 gets all of it from n1

class SwarmLimitsTest : public SwarmFixture {
 protected:
  // The seconds that it takes.
  double PullFromTheOther() {
    Start(2);
    ExpectWhole(*nodes_[0], nodes_[0]->Pull("hf://org/a"));
    origin_.TurnOff();
    const double before = pace_.seconds();  // whoever resolves a model fetches its small files
    const SwarmDaemon::Pulled pulled = nodes_[1]->Pull("hf://org/a");
    ExpectWhole(*nodes_[1], pulled);
    EXPECT_GE(pulled.ready.bytes_from_peers(), weights_.size());
    return pace_.seconds() - before;
  }
  SkippingPace pace_;
};

TEST_F(SwarmLimitsTest, TheUploadRateHoldsUpWhatOthersAskFor) {
  configure_ = [this](SwarmDaemon& node) {
    if (node.name != "n1") return;
    node.pace = &pace_;
    node.config.limits.upload_bytes_per_second = kRate;
  };
  EXPECT_THAT(PullFromTheOther(), TakesAtLeast(weights_.size()));
}

TEST_F(SwarmLimitsTest, TheDownloadRateHoldsUpWhatComesFromOthersAndTheOriginRateDoesNot) {
  configure_ = [this](SwarmDaemon& node) {
    if (node.name != "n2") return;
    node.pace = &pace_;
    node.config.limits.download_bytes_per_second = kRate;
    node.config.limits.origin_bytes_per_second = 1;
  };
  EXPECT_THAT(PullFromTheOther(), AllOf(TakesAtLeast(weights_.size()), Le(100)));
}

}  // namespace
}  // namespace ballast
