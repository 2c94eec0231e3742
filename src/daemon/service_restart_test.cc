// What outlives a restart, and what is refused at a start.
#include <gmock/gmock.h>
#include <sys/stat.h>

#include <thread>

#include "daemon/testing/service_fixture.h"

namespace ballast {
namespace {

namespace fs = std::filesystem;
namespace v1 = cache::v1;
using ::testing::HasSubstr;
using ::testing::SizeIs;

class RestartTest : public ServiceFixture {};

TEST_F(RestartTest, ARestartKeepsLeasesAndAsksForNoVerifiedPieceAgain) {
  origin_.HoldRead("model.safetensors", 3 * kMiB);
  config_.fetch.streams = 1;
  Start();
  std::jthread caller(
      [&] { EXPECT_EQ(Prepare(Volume("hf://org/a", "v1")).status.error_code(), grpc::StatusCode::UNAVAILABLE); });
  origin_.AwaitHeld();
  Stop();
  caller.join();
  const uint64_t before = origin_.bytes_delivered();
  Start();
  EXPECT_THAT(Leases(), SizeIs(1));
  const Prepared prepared = Prepare(Volume("hf://org/a", "v1"));
  ASSERT_TRUE(prepared.status.ok()) << prepared.status.error_message();
  EXPECT_EQ(Content(prepared.ready.view(), "model.safetensors"), weights_);
  EXPECT_GE(before, 3 * kMiB);
  EXPECT_LE(origin_.bytes_delivered() - before, weights_.size() + 2 - 3 * kMiB);
}

TEST_F(RestartTest, AKeptCacheIsServedAfterARestartWithoutAskingAnybody) {
  WriteCache("llama", "source: {uri: \"hf://org/a\"}, nodes: {}");
  Start();
  WaitUntil([&] { return !List().empty() && List()[0].phase() == "ready"; });
  Stop();
  const int resolves = origin_.resolves();
  origin_.Put("hf://org/a",
              {{.path = "model.safetensors", .content = Weights(kMiB, 9)}});  // main moves; updatePolicy is Manual
  Start();
  v1::PrepareRequest request = Volume("", "v1");
  request.set_cluster_cache("llama");
  const Prepared prepared = Prepare(request);
  ASSERT_TRUE(prepared.status.ok()) << prepared.status.error_message();
  EXPECT_EQ(prepared.ready.commit(), commit_);
  EXPECT_EQ(origin_.resolves(), resolves);
}

TEST_F(RestartTest, AnEarlyViewIsMountedEmptyAndGainsFiles) {
  origin_.HoldRead("model.safetensors", 1);
  Start();
  v1::PrepareRequest request = Volume("hf://org/a", "v1");
  request.set_early(true);
  const Prepared prepared = Prepare(request);
  ASSERT_TRUE(prepared.status.ok()) << prepared.status.error_message();
  const fs::path view = fs::path(config_.cache.dir) / prepared.ready.view();
  EXPECT_FALSE(fs::exists(view / "model.safetensors"));
  EXPECT_TRUE(fs::exists(view / ".ballast/files.json"));
  EXPECT_FALSE(fs::exists(view / ".ballast/ready"));
  origin_.AwaitHeld();
  origin_.Continue();
  WaitUntil([&] { return fs::exists(view / ".ballast/ready"); });
  EXPECT_EQ(Content(prepared.ready.view(), "model.safetensors"), weights_);
  WaitUntil([&] { return !Leases()[0].manifest().empty(); });
}

TEST_F(RestartTest, AnEarlyViewIsCompletedAfterARestartThoughNobodyAsksAgain) {
  origin_.HoldRead("model.safetensors", 2 * kMiB);
  Start();
  v1::PrepareRequest request = Volume("hf://org/a", "v1");
  request.set_early(true);
  const Prepared prepared = Prepare(request);
  ASSERT_TRUE(prepared.status.ok()) << prepared.status.error_message();
  origin_.AwaitHeld();
  Stop();
  Start();
  const fs::path view = fs::path(config_.cache.dir) / prepared.ready.view();
  WaitUntil([&] { return fs::exists(view / ".ballast/ready"); });
  EXPECT_EQ(Content(prepared.ready.view(), "model.safetensors"), weights_);
  WaitUntil([&] { return !Leases()[0].manifest().empty(); });
}

TEST_F(RestartTest, ASecondInstanceIsRefused) {
  Start();
  const auto second = TryStart();
  ASSERT_FALSE(second.ok());
  EXPECT_EQ(second.status().code(), StatusCode::kFailedPrecondition);
}

TEST_F(RestartTest, ACacheThatOthersCanWriteIsRefused) {
  fs::create_directory(config_.cache.dir);
  ASSERT_EQ(::chmod(config_.cache.dir.c_str(), 0777), 0);
  const auto daemon = TryStart();
  ASSERT_FALSE(daemon.ok());
  EXPECT_THAT(daemon.status().message(), HasSubstr("cache.dir"));
}

TEST_F(RestartTest, TheSocketHasTheModeOfTheConfiguration) {
  Start();
  struct stat info {};
  ASSERT_EQ(::stat(config_.socket.path.c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777, 0660U);
  EXPECT_NE(daemon_->http_port(), 0);
}

}  // namespace
}  // namespace ballast
