// Who has to go, and who must not, in a whole daemon.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

#include "daemon/testing/service_fixture.h"

namespace ballast {
namespace {

namespace v1 = cache::v1;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

class GcTest : public ServiceFixture {
 protected:
  // hf://org/b and hf://org/c, 6 MiB each, beside hf://org/a with 5.
  GcTest() {
    origin_.Put("hf://org/b", {{.path = "w.bin", .content = Weights(6 * kMiB, 2)}});
    origin_.Put("hf://org/c", {{.path = "w.bin", .content = Weights(6 * kMiB, 3)}});
  }
  std::set<std::string> Here() {
    std::set<std::string> names;
    for (const v1::Model& model : List()) {
      if (model.phase() == "ready") names.insert(model.model());
    }
    return names;
  }
  void Restart() {
    Stop();
    Start();
  }
};

TEST_F(GcTest, ADownloadGetsItsRoomFromTheLongestUnusedCopy) {
  config_.cache.quota = 12 * kMiB;
  Start();
  ASSERT_TRUE(Prepare(Pull("hf://org/a")).status.ok());
  ASSERT_TRUE(Prepare(Pull("hf://org/b")).status.ok());
  ASSERT_TRUE(Prepare(Volume("hf://org/a", "v1")).status.ok());
  ASSERT_TRUE(Release("v1").ok());
  const Prepared prepared = Prepare(Pull("hf://org/c"));
  EXPECT_TRUE(prepared.status.ok()) << prepared.status.error_message();
  EXPECT_THAT(Here(), ElementsAre("hf://org/a", "hf://org/c"));
  EXPECT_LE(GetStatus().used_bytes(), config_.cache.quota);
}

TEST_F(GcTest, ADownloadThatDoesNotFitIsRefusedAtOnceWithTheNumbersAndTheNames) {
  config_.cache.quota = 12 * kMiB;
  WriteCache("warm", "source: {uri: \"hf://org/b\"}, nodes: {}");
  Start();
  ASSERT_TRUE(Prepare(Volume("hf://org/a", "v1")).status.ok());
  WaitUntil([&] { return Here().size() == 2; });
  const Prepared refused = Prepare(Pull("hf://org/c"));
  EXPECT_EQ(refused.status.error_code(), grpc::StatusCode::RESOURCE_EXHAUSTED);
  EXPECT_THAT(refused.status.error_message(), HasSubstr("needs 6.0 MiB; the quota of 12.0 MiB holds 11.0 MiB"));
  EXPECT_THAT(refused.status.error_message(), HasSubstr("hf://org/a@main (mounted by team/v1)"));
  EXPECT_THAT(refused.status.error_message(), HasSubstr("hf://org/b@main (wanted by warm)"));
  EXPECT_THAT(Here(), SizeIs(2)) << "nothing goes in vain";
}

TEST_F(GcTest, AModelOfHigherPriorityTakesThePlaceOfAnUnmountedOneAndNotTheReverse) {
  config_.cache.quota = 11 * kMiB;
  WriteCache("low", "source: {uri: \"hf://org/b\"}, nodes: {}, priority: 1");
  Start();
  WaitUntil([&] { return Here().contains("hf://org/b"); });
  WriteCache("high", "source: {uri: \"hf://org/c\"}, nodes: {}, priority: 2");
  WaitUntil([&] { return Here() == std::set<std::string>{"hf://org/c"}; });
  WaitUntil([&] {
    const v1::StatusResponse status = GetStatus();
    return status.problems_size() == 1 && status.problems(0).starts_with("hf://org/b@main: needs 6.0 MiB");
  });
  EXPECT_THAT(Here(), ElementsAre("hf://org/c"));
}

TEST_F(GcTest, OfTwoThatDoNotFitTogetherOneWaitsAndNeitherIsFetchedAgain) {
  config_.cache.quota = 11 * kMiB;
  Start();
  WriteCache("one", "source: {uri: \"hf://org/b\"}, nodes: {}, priority: 1");
  WriteCache("other", "source: {uri: \"hf://org/c\"}, nodes: {}, priority: 1");
  WaitUntil([&] { return Here().size() == 1 && GetStatus().problems_size() == 1; });
  const std::set<std::string> first = Here();
  const uint64_t delivered = origin_.bytes_delivered();
  EXPECT_LT(delivered, 7 * kMiB);
  for (int i = 0; i < 5; ++i) {
    EXPECT_THAT(CollectGarbage().evictions(), IsEmpty());
    const Prepared again = Prepare(Pull(first.contains("hf://org/b") ? "hf://org/c" : "hf://org/b"));
    EXPECT_EQ(again.status.error_code(), grpc::StatusCode::RESOURCE_EXHAUSTED) << again.status.error_message();
  }
  EXPECT_EQ(Here(), first);
  EXPECT_EQ(origin_.bytes_delivered(), delivered);
}

TEST_F(GcTest, AFullDiskTakesWhatMayGoAndLeavesWhatIsUsed) {
  WriteCache("warm", "source: {uri: \"hf://org/b\"}, nodes: {}");
  Start();
  ASSERT_TRUE(Prepare(Volume("hf://org/a", "v1")).status.ok());
  ASSERT_TRUE(Prepare(Pull("hf://org/c")).status.ok());
  WaitUntil([&] { return Here().size() == 3; });
  config_.cache.high_threshold_percent = 1;  // whoever filled it
  config_.cache.low_threshold_percent = 1;
  Restart();
  WaitUntil([&] { return Here() == std::set<std::string>{"hf://org/a", "hf://org/b"}; });
}

TEST_F(GcTest, ADryRunExplainsAndTheRunDoesWhatItSaid) {
  Start();
  ASSERT_TRUE(Prepare(Volume("hf://org/a", "v0")).status.ok());
  ASSERT_TRUE(Prepare(Volume("hf://org/b", "v1", v1::HF)).status.ok());
  EXPECT_THAT(CollectGarbage().evictions(), IsEmpty()) << "there is room";
  const uint64_t before = GetStatus().used_bytes();
  config_.cache.quota = kMiB;
  setup_.disk_look = std::chrono::hours(1);  // only who asks collects
  Restart();
  EXPECT_THAT(CollectGarbage().evictions(), IsEmpty()) << "all is mounted";
  ASSERT_TRUE(Release("v0").ok());

  const v1::CollectGarbageResponse plan = CollectGarbage(/*dry_run=*/true);
  EXPECT_EQ(GetStatus().used_bytes(), before);
  const v1::CollectGarbageResponse done = CollectGarbage();
  for (const v1::CollectGarbageResponse& one : {plan, done}) {
    ASSERT_EQ(one.evictions_size(), 1);
    EXPECT_EQ(one.evictions(0).what(), "hf://org/a@main");
    EXPECT_EQ(one.evictions(0).reason(), "released");
    EXPECT_GE(one.freed_bytes(), 5 * kMiB);
    EXPECT_GT(one.missing_bytes(), 0U);
    EXPECT_THAT(one.problems(), IsEmpty());
    ASSERT_EQ(one.protected__size(), 1);
    EXPECT_EQ(one.protected_(0).why(), "mounted by team/v1");
  }
  EXPECT_EQ(done.used_bytes(), GetStatus().used_bytes());
  EXPECT_GE(before - done.used_bytes(), done.freed_bytes()) << "what is said to be free is free";
}

TEST_F(GcTest, AFlippedBitIsFoundAndTheFileFetchedAgain) {
  WriteCache("warm", "source: {uri: \"hf://org/a\"}, nodes: {}");
  config_.eviction.scrub_bytes_per_second = 0;
  Start();
  WaitUntil([&] { return Here().contains("hf://org/a"); });
  Stop();
  FlipABit(Digest::Of(weights_));
  config_.eviction.scrub_bytes_per_second = 1 << 30;
  const uint64_t before = origin_.bytes_delivered();
  Start();
  WaitUntil([&] { return origin_.bytes_delivered() > before && Here().contains("hf://org/a"); });
  EXPECT_EQ(origin_.bytes_delivered() - before, weights_.size()) << "and only that";
  const v1::VerifyUpdate verified = Verify("");
  EXPECT_EQ(verified.blobs_done(), 2U);
  EXPECT_THAT(verified.damage(), IsEmpty());
}

}  // namespace
}  // namespace ballast
