// NodeUnpublishVolume and NodeGetVolumeStats.
#include <gmock/gmock.h>

#include "csi/testing/node_fixture.h"

namespace ballast::driver {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

class NodeUnpublishTest : public NodeFixture {};

TEST_F(NodeUnpublishTest, UnpublishDuringAPublishIsAborted) {
  Status during;
  cache_.OnPrepare([&] { during = Unpublish(); });
  ASSERT_EQ(Publish(), OkStatus());
  EXPECT_EQ(during.code(), StatusCode::kAborted);
  EXPECT_EQ(Kind(), TargetKind::kView);
}

TEST_F(NodeUnpublishTest, WithoutTheCachePublishIsUnavailableAndUnpublishWorks) {
  ASSERT_EQ(Publish(), OkStatus());
  cache_.SetUp(false);
  EXPECT_EQ(Unpublish(), OkStatus());
  EXPECT_EQ(Kind(), TargetKind::kMissing);
  EXPECT_EQ(leases_.pending(), 1U);
  const Status status = Publish();
  EXPECT_EQ(status.code(), StatusCode::kUnavailable);
  EXPECT_THAT(status.message(), HasSubstr("does not answer at unix://"));
}

TEST_F(NodeUnpublishTest, AStaleEmptyTargetDirectoryIsUsedAndRemoved) {
  mounter_.AddDirectory(kTarget);
  ASSERT_EQ(Publish(), OkStatus());
  ASSERT_EQ(Unpublish(), OkStatus());
  EXPECT_EQ(Kind(), TargetKind::kMissing);
}

TEST_F(NodeUnpublishTest, UnpublishTwiceAndOfWhatNeverWasIsOk) {
  ASSERT_EQ(Publish(), OkStatus());
  EXPECT_EQ(Unpublish(), OkStatus());
  EXPECT_EQ(Unpublish(), OkStatus());
  EXPECT_EQ(node_.Unpublish("never-seen", "/no/such/path"), OkStatus());
  EXPECT_THAT(cache_.leases(), IsEmpty());
}

TEST_F(NodeUnpublishTest, UnpublishTakesEveryViewThatIsStackedAtTheTarget) {
  ASSERT_EQ(Publish(), OkStatus());
  ASSERT_EQ(mounter_.Mount("views/a1/data", kTarget, false), OkStatus());
  EXPECT_EQ(Unpublish(), OkStatus());
  EXPECT_EQ(Kind(), TargetKind::kMissing);
}

TEST_F(NodeUnpublishTest, AForeignMountOnTopIsLeftAloneAndTheLeaseStays) {
  ASSERT_EQ(Publish(), OkStatus());
  mounter_.AddForeignMount(kTarget);
  const Status status = Unpublish();
  EXPECT_EQ(status.code(), StatusCode::kFailedPrecondition);
  EXPECT_THAT(status.message(), HasSubstr("no view of this node's cache"));
  EXPECT_EQ(Kind(), TargetKind::kForeignMount);
  EXPECT_THAT(cache_.leases(), ElementsAre(kLease));
}

TEST_F(NodeUnpublishTest, AnUnmountThatFailsKeepsTheLease) {
  ASSERT_EQ(Publish(), OkStatus());
  mounter_.FailNextUnmount(Unavailable("unmount: Device or resource busy"));
  EXPECT_EQ(Unpublish().code(), StatusCode::kUnavailable);
  EXPECT_THAT(cache_.leases(), ElementsAre(kLease));
}

TEST_F(NodeUnpublishTest, UnpublishNeverRemovesFiles) {
  const std::string file = std::string(kTarget) + "/somebodys.txt";
  mounter_.AddFile(file);
  EXPECT_EQ(Unpublish().code(), StatusCode::kFailedPrecondition);
  EXPECT_TRUE(mounter_.HasDirectory(kTarget));
}

TEST_F(NodeUnpublishTest, TwoTargetsOfOneVolumeAreTwoLeases) {
  PublishRequest second = Request();
  second.target_path = "/kubelet/pods/p2/mount";
  mounter_.AddDirectory("/kubelet/pods/p2");
  ASSERT_EQ(Publish(), OkStatus());
  ASSERT_EQ(Publish(second), OkStatus());
  ASSERT_EQ(Unpublish(), OkStatus());
  EXPECT_THAT(cache_.leases(), ElementsAre(LeaseKey{"vol-1", second.target_path}));
  EXPECT_EQ(mounter_.Inspect(second.target_path)->kind, TargetKind::kView);
}

TEST_F(NodeUnpublishTest, StatsTellTheCachesFileSystemAndTheCondition) {
  EXPECT_EQ(node_.Stats("vol-1", kTarget).status().code(), StatusCode::kNotFound);
  EXPECT_EQ(node_.Stats("vol-1", "some/path").status().code(), StatusCode::kNotFound);
  EXPECT_EQ(node_.Stats("vol-1", "").status().code(), StatusCode::kInvalidArgument);
  EXPECT_EQ(node_.Stats("", kTarget).status().code(), StatusCode::kInvalidArgument);
  ASSERT_EQ(Publish(), OkStatus());
  auto stats = node_.Stats("vol-1", kTarget);
  ASSERT_TRUE(stats.ok()) << stats.status();
  EXPECT_FALSE(stats->abnormal);
  EXPECT_EQ(stats->usage.available_bytes, 600U);
  mounter_.RemoveView("views/a1/data");
  stats = node_.Stats("vol-1", kTarget);
  EXPECT_TRUE(stats->abnormal);
  EXPECT_THAT(stats->message, HasSubstr("restart the pod"));
}

}  // namespace
}  // namespace ballast::driver
