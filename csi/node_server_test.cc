#include "csi/node_server.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <latch>
#include <thread>

#include "base/testing/fake_clock.h"
#include "csi/mount/testing/fake_mounter.h"
#include "csi/testing/fake_cache.h"

namespace ballast::driver {
namespace {

using std::chrono::minutes;
using std::chrono::seconds;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

constexpr const char* kTarget = "/kubelet/pods/p1/volumes/model/mount";
constexpr const char* kParent = "/kubelet/pods/p1/volumes/model";
const LeaseKey kLease{"vol-1", kTarget};

class NodeServerTest : public testing::Test {
 protected:
  NodeServerTest() {
    mounter_.AddDirectory(kParent);
    mounter_.AddView("views/a1/data");
    cache_.SetModel("llama", {});
  }

  static PublishRequest Request() {
    return {.volume_id = "vol-1",
            .target_path = kTarget,
            .capability = {.type = AccessType::kMount, .mode = AccessMode::kMultiNodeReaderOnly},
            .readonly = true,
            .attributes = {{"clusterCache", "llama"}}};
  }
  Status Publish(const PublishRequest& request = Request()) { return node_.Publish(request, {}); }
  Status Unpublish() { return node_.Unpublish("vol-1", kTarget); }
  TargetKind Kind() { return mounter_.Inspect(kTarget)->kind; }
  void Warming() {
    cache_.SetModel("llama",
                    {.reports = {{.model = "hf://o/n@main", .bytes_done = 43, .bytes_total = 100}}, .warm = false});
  }

  FakeMounter mounter_;
  FakeCache cache_;
  FakeClock clock_;
  KeyLocks locks_;
  LeaseKeeper leases_{cache_, mounter_, locks_, clock_};
  NodeServer node_{{cache_, mounter_, locks_, leases_, clock_}};
};

TEST_F(NodeServerTest, PublishMountsTheViewUnderALease) {
  ASSERT_EQ(Publish(), OkStatus());
  EXPECT_EQ(mounter_.Inspect(kTarget)->view, (MountedView{.target = kTarget, .view = "views/a1/data"}));
  EXPECT_THAT(cache_.leases(), ElementsAre(kLease));
}

TEST_F(NodeServerTest, ServedReadOnlyAndIdmappedWhereTheCallerAskedForWritable) {
  PublishRequest request = Request();
  request.readonly = false;
  request.capability.mode = AccessMode::kSingleNodeWriter;
  ASSERT_EQ(Publish(request), OkStatus());
  EXPECT_TRUE(mounter_.Inspect(kTarget)->view.idmapped);
}

TEST_F(NodeServerTest, WithoutIdmappedMountsWritableIsRefusedAndReadOnlyServed) {
  mounter_.SetCanIdmap(FailedPrecondition("mount_setattr: Invalid argument"));
  PublishRequest request = Request();
  request.readonly = false;
  const Status refused = Publish(request);
  EXPECT_EQ(refused.code(), StatusCode::kInvalidArgument);
  EXPECT_THAT(refused.message(), HasSubstr("set readOnly: true on the volume"));
  EXPECT_EQ(Publish(), OkStatus());
}

TEST_F(NodeServerTest, PublishTwiceIsOkWithOneMountAndNeedsNoCacheTheSecondTime) {
  ASSERT_EQ(Publish(), OkStatus());
  cache_.SetUp(false);
  EXPECT_EQ(Publish(), OkStatus());
  EXPECT_EQ(mounter_.mounts_made(), 1);
}

TEST_F(NodeServerTest, ARepublishWithOtherAttributesIsOkWithWhatIsMounted) {
  ASSERT_EQ(Publish(), OkStatus());
  PublishRequest other = Request();
  other.attributes["revision"] = "v2";
  EXPECT_EQ(Publish(other), OkStatus());
  EXPECT_EQ(mounter_.mounts_made(), 1);
  EXPECT_THAT(cache_.leases(), ElementsAre(kLease));
}

TEST_F(NodeServerTest, ARepublishThatWouldBeWritableIsRefusedAndTheLeaseOfTheMountLives) {
  ASSERT_EQ(Publish(), OkStatus());
  PublishRequest other = Request();
  other.readonly = false;
  EXPECT_EQ(Publish(other).code(), StatusCode::kAlreadyExists);
  EXPECT_THAT(cache_.leases(), ElementsAre(kLease));
  EXPECT_EQ(Kind(), TargetKind::kView);
}

TEST_F(NodeServerTest, OfFiftyAtOnceOneMountsAndTheOthersAreAbortedOrOk) {
  std::latch all_tried(49);
  cache_.OnPrepare([&] { all_tried.wait(); });  // the one inside waits until the other 49 have their answer
  std::atomic<int> ok = 0;
  std::atomic<int> aborted = 0;
  {
    std::vector<std::jthread> callers;
    callers.reserve(50);
    for (int i = 0; i < 50; ++i) {
      callers.emplace_back([&] {
        const Status status = Publish();
        if (status.ok()) ++ok;
        if (status.code() == StatusCode::kAborted) {
          ++aborted;
          all_tried.count_down();
        }
      });
    }
  }
  EXPECT_EQ(ok, 1);
  EXPECT_EQ(aborted, 49);
  EXPECT_EQ(mounter_.mounts_made(), 1);
  EXPECT_THAT(cache_.leases(), ElementsAre(kLease));
}

TEST_F(NodeServerTest, UnpublishDuringAPublishIsAborted) {
  Status during;
  cache_.OnPrepare([&] { during = Unpublish(); });
  ASSERT_EQ(Publish(), OkStatus());
  EXPECT_EQ(during.code(), StatusCode::kAborted);
  EXPECT_EQ(Kind(), TargetKind::kView);
}

TEST_F(NodeServerTest, WhenTheDeadlinePassesTheReplyTellsTheProgressAndTheLeaseStays) {
  Warming();
  EXPECT_EQ(Publish(), Unavailable("model hf://o/n@main is warming: 43 percent (43 of 100 B)"));
  EXPECT_THAT(cache_.leases(), ElementsAre(kLease));
  EXPECT_EQ(Kind(), TargetKind::kMissing);
  cache_.SetModel("llama", {});  // the download went on meanwhile
  EXPECT_EQ(Publish(), OkStatus());
}

TEST_F(NodeServerTest, WaitsUntilTheCallersDeadlineLessFiveSeconds) {
  ASSERT_EQ(node_.Publish(Request(), {.deadline = clock_.Steady() + seconds(120)}), OkStatus());
  EXPECT_EQ(cache_.prepares().at(0).deadline, clock_.Steady() + seconds(115));
}

TEST_F(NodeServerTest, ACallerWhoGoesAwayEndsTheWaitAndTheLeaseStays) {
  Warming();
  const Status status = node_.Publish(Request(), {.cancelled = [] { return true; }});
  EXPECT_EQ(status.code(), StatusCode::kCancelled);
  EXPECT_THAT(cache_.leases(), ElementsAre(kLease));
}

TEST_F(NodeServerTest, EarlyMountsAtOnceWhileItWarms) {
  Warming();
  PublishRequest request = Request();
  request.attributes["publish"] = "Early";
  ASSERT_EQ(Publish(request), OkStatus());
  EXPECT_EQ(Kind(), TargetKind::kView);
}

TEST_F(NodeServerTest, AFinalErrorAfterAnUnavailableAttemptReleasesTheLease) {
  Warming();
  ASSERT_EQ(Publish().code(), StatusCode::kUnavailable);
  ASSERT_THAT(cache_.leases(), ElementsAre(kLease));
  cache_.SetModel("llama", {.error = PermissionDenied("namespace \"a\" is not admitted")});
  EXPECT_EQ(Publish(), PermissionDenied("namespace \"a\" is not admitted"));
  EXPECT_THAT(cache_.leases(), IsEmpty());
}

TEST_F(NodeServerTest, AnErrorFoundBeforeTheCacheIsAskedReleasesTheEarlierLeaseToo) {
  Warming();
  ASSERT_EQ(Publish().code(), StatusCode::kUnavailable);
  mounter_.AddFile(std::string(kTarget) + "/somebodys.txt");
  EXPECT_EQ(Publish().code(), StatusCode::kFailedPrecondition);
  EXPECT_THAT(cache_.leases(), IsEmpty());
}

TEST_F(NodeServerTest, CodesOfTheCacheComeThrough) {
  for (const Status& error : {ResourceExhausted("no room"), NotFound("unknown"), FailedPrecondition("never fits"),
                              Unavailable("hub answers 503"), Unauthenticated("token wanted")}) {
    cache_.SetModel("llama", {.error = error});
    EXPECT_EQ(Publish(), error);
    EXPECT_EQ(cache_.leases().empty(), IsFinal(error)) << error;
    EXPECT_FALSE(mounter_.HasDirectory(kTarget));
  }
}

TEST_F(NodeServerTest, UnknownModelIsNotFound) {
  PublishRequest request = Request();
  request.attributes = {{"clusterCache", "nobody"}};
  EXPECT_EQ(Publish(request).code(), StatusCode::kNotFound);
  EXPECT_THAT(cache_.leases(), IsEmpty());
}

TEST_F(NodeServerTest, WithoutTheCachePublishIsUnavailableAndUnpublishWorks) {
  ASSERT_EQ(Publish(), OkStatus());
  cache_.SetUp(false);
  EXPECT_EQ(Unpublish(), OkStatus());
  EXPECT_EQ(Kind(), TargetKind::kMissing);
  EXPECT_EQ(leases_.pending(), 1U);
  const Status status = Publish();
  EXPECT_EQ(status.code(), StatusCode::kUnavailable);
  EXPECT_THAT(status.message(), HasSubstr("does not answer at unix://"));
}

TEST_F(NodeServerTest, AMountThatFailsKeepsTheLeaseOnlyForAnotherTry) {
  mounter_.FailNextMount(Unavailable("busy"));
  EXPECT_EQ(Publish().code(), StatusCode::kUnavailable);
  EXPECT_THAT(cache_.leases(), ElementsAre(kLease));
  mounter_.FailNextMount(PermissionDenied("move_mount: Operation not permitted"));
  EXPECT_EQ(Publish().code(), StatusCode::kPermissionDenied);
  EXPECT_THAT(cache_.leases(), IsEmpty());
}

TEST_F(NodeServerTest, AViewThatVanishedBetweenIsTriedAgain) {
  mounter_.RemoveView("views/a1/data");
  EXPECT_EQ(Publish().code(), StatusCode::kUnavailable);
  EXPECT_THAT(cache_.leases(), ElementsAre(kLease));
}

TEST_F(NodeServerTest, NothingIsMountedWhereSomethingElseIs) {
  const std::string file = std::string(kParent) + "/file";
  const std::string link = std::string(kParent) + "/link";
  const std::string foreign = std::string(kParent) + "/foreign";
  mounter_.AddFile(file);
  mounter_.AddSymlink(link);
  mounter_.AddForeignMount(foreign);
  for (const std::string& target : {file, link, link + "/below", foreign, std::string("/nowhere/mount")}) {
    PublishRequest request = Request();
    request.target_path = target;
    const Status status = Publish(request);
    EXPECT_EQ(status.code(), StatusCode::kFailedPrecondition) << target;
    EXPECT_FALSE(node_.Unpublish("vol-1", target).ok() && target != "/nowhere/mount") << target;
  }
  EXPECT_EQ(mounter_.mounts_made(), 0);
  EXPECT_EQ(mounter_.Inspect(foreign)->kind, TargetKind::kForeignMount);
  EXPECT_THAT(cache_.leases(), IsEmpty());
}

TEST_F(NodeServerTest, AStaleEmptyTargetDirectoryIsUsedAndRemoved) {
  mounter_.AddDirectory(kTarget);
  ASSERT_EQ(Publish(), OkStatus());
  ASSERT_EQ(Unpublish(), OkStatus());
  EXPECT_EQ(Kind(), TargetKind::kMissing);
}

TEST_F(NodeServerTest, UnpublishTwiceAndOfWhatNeverWasIsOk) {
  ASSERT_EQ(Publish(), OkStatus());
  EXPECT_EQ(Unpublish(), OkStatus());
  EXPECT_EQ(Unpublish(), OkStatus());
  EXPECT_EQ(node_.Unpublish("never-seen", "/no/such/path"), OkStatus());
  EXPECT_THAT(cache_.leases(), IsEmpty());
}

TEST_F(NodeServerTest, UnpublishTakesEveryViewThatIsStackedAtTheTarget) {
  ASSERT_EQ(Publish(), OkStatus());
  ASSERT_EQ(mounter_.Mount("views/a1/data", kTarget, false), OkStatus());
  EXPECT_EQ(Unpublish(), OkStatus());
  EXPECT_EQ(Kind(), TargetKind::kMissing);
}

TEST_F(NodeServerTest, AForeignMountOnTopIsLeftAloneAndTheLeaseStays) {
  ASSERT_EQ(Publish(), OkStatus());
  mounter_.AddForeignMount(kTarget);
  const Status status = Unpublish();
  EXPECT_EQ(status.code(), StatusCode::kFailedPrecondition);
  EXPECT_THAT(status.message(), HasSubstr("no view of this node's cache"));
  EXPECT_EQ(Kind(), TargetKind::kForeignMount);
  EXPECT_THAT(cache_.leases(), ElementsAre(kLease));
}

TEST_F(NodeServerTest, AnUnmountThatFailsKeepsTheLease) {
  ASSERT_EQ(Publish(), OkStatus());
  mounter_.FailNextUnmount(Unavailable("unmount: Device or resource busy"));
  EXPECT_EQ(Unpublish().code(), StatusCode::kUnavailable);
  EXPECT_THAT(cache_.leases(), ElementsAre(kLease));
}

TEST_F(NodeServerTest, UnpublishNeverRemovesFiles) {
  const std::string file = std::string(kTarget) + "/somebodys.txt";
  mounter_.AddFile(file);
  EXPECT_EQ(Unpublish().code(), StatusCode::kFailedPrecondition);
  EXPECT_TRUE(mounter_.HasDirectory(kTarget));
}

TEST_F(NodeServerTest, TwoTargetsOfOneVolumeAreTwoLeases) {
  PublishRequest second = Request();
  second.target_path = "/kubelet/pods/p2/mount";
  mounter_.AddDirectory("/kubelet/pods/p2");
  ASSERT_EQ(Publish(), OkStatus());
  ASSERT_EQ(Publish(second), OkStatus());
  ASSERT_EQ(Unpublish(), OkStatus());
  EXPECT_THAT(cache_.leases(), ElementsAre(LeaseKey{"vol-1", second.target_path}));
  EXPECT_EQ(mounter_.Inspect(second.target_path)->kind, TargetKind::kView);
}

TEST_F(NodeServerTest, StatsTellTheCachesFileSystemAndTheCondition) {
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

TEST_F(NodeServerTest, BadRequestsAreOneClearError) {
  const auto code_of = [this](auto change) {
    PublishRequest request = Request();
    change(request);
    return Publish(request).code();
  };
  const StatusCode bad = StatusCode::kInvalidArgument;
  EXPECT_EQ(code_of([](PublishRequest& r) { r.volume_id = ""; }), bad);
  EXPECT_EQ(code_of([](PublishRequest& r) { r.volume_id = std::string(129, 'v'); }), bad);
  EXPECT_EQ(code_of([](PublishRequest& r) { r.volume_id = "a b"; }), bad);
  EXPECT_EQ(code_of([](PublishRequest& r) { r.target_path = ""; }), bad);
  EXPECT_EQ(code_of([](PublishRequest& r) { r.target_path = "relative"; }), bad);
  EXPECT_EQ(code_of([](PublishRequest& r) { r.target_path = "/a/../b"; }), bad);
  EXPECT_EQ(code_of([](PublishRequest& r) { r.capability = {}; }), bad);
  EXPECT_EQ(code_of([](PublishRequest& r) { r.capability.type = AccessType::kBlock; }), bad);
  EXPECT_EQ(code_of([](PublishRequest& r) { r.capability.mode = AccessMode::kMultiNodeMultiWriter; }), bad);
  EXPECT_EQ(code_of([](PublishRequest& r) { r.capability.mode = static_cast<AccessMode>(77); }), bad);
  EXPECT_EQ(code_of([](PublishRequest& r) { r.capability.mount_flags = {"context=x"}; }), bad);
  EXPECT_EQ(code_of([](PublishRequest& r) { r.has_secrets = true; }), bad);
  EXPECT_EQ(code_of([](PublishRequest& r) { r.attributes["layuot"] = "hf"; }), bad);
  EXPECT_EQ(mounter_.mounts_made(), 0);
  EXPECT_EQ(code_of([](PublishRequest& r) { r.capability.mount_flags = {"ro", "nodev"}; }), StatusCode::kOk);
}

// Lease reconciliation.

TEST(IsAbandonedTest, NeverWhileMountedAndOtherwiseWhenNobodyComesBack) {
  for (int bits = 0; bits < 16; ++bits) {
    const LeaseFacts facts{.mounted = (bits & 1) != 0,
                           .parent_exists = (bits & 2) != 0,
                           .given_up = (bits & 4) != 0,
                           .unused = (bits & 8) != 0 ? kLeasePatience + seconds(1) : Duration(kLeasePatience)};
    const bool nobody = facts.given_up || !facts.parent_exists || facts.unused > kLeasePatience;
    EXPECT_EQ(IsAbandoned(facts), !facts.mounted && nobody) << bits;
  }
}

TEST_F(NodeServerTest, ALeaseThatCouldNotBeGivenBackGoesWithTheNextReconciliation) {
  ASSERT_EQ(Publish(), OkStatus());
  cache_.SetUp(false);
  ASSERT_EQ(Unpublish(), OkStatus());
  EXPECT_FALSE(leases_.Reconcile().ok());
  cache_.SetUp(true);
  EXPECT_EQ(*leases_.Reconcile(), 1);
  EXPECT_THAT(cache_.leases(), IsEmpty());
  EXPECT_EQ(leases_.pending(), 0U);
}

TEST_F(NodeServerTest, AWaitingPublishKeepsItsLeaseBetweenTheKubeletsAttempts) {
  Warming();
  for (int attempt = 0; attempt < 5; ++attempt) {
    ASSERT_EQ(Publish().code(), StatusCode::kUnavailable);
    clock_.Advance(minutes(4));
    ASSERT_EQ(*leases_.Reconcile(), 0);
  }
  clock_.Advance(minutes(7));  // the pod is gone and the kubelet never came back
  EXPECT_EQ(*leases_.Reconcile(), 1);
}

TEST_F(NodeServerTest, AfterARebootLeasesWithoutMountsAreCleanedAndThoseOfMountsStay) {
  ASSERT_EQ(Publish(), OkStatus());
  cache_.AddLease({"gone", "/kubelet/pods/gone/volumes/model/mount"});  // its pod's directory is no more
  cache_.AddLease({"back", std::string(kParent) + "/other"});           // its pod may start again
  EXPECT_EQ(*leases_.Reconcile(), 1);
  EXPECT_THAT(cache_.leases(), ElementsAre(LeaseKey{"back", std::string(kParent) + "/other"}, kLease));
  clock_.Advance(minutes(11));
  EXPECT_EQ(*leases_.Reconcile(), 1);
  EXPECT_THAT(cache_.leases(), ElementsAre(kLease));
}

TEST_F(NodeServerTest, AMountUnderAForeignOneKeepsItsLease) {
  ASSERT_EQ(Publish(), OkStatus());
  mounter_.AddForeignMount(kTarget);
  clock_.Advance(minutes(60));
  EXPECT_EQ(*leases_.Reconcile(), 0);
}

TEST_F(NodeServerTest, ReconciliationLeavesAnOperationInFlightAlone) {
  clock_.Advance(minutes(60));
  Result<int> during = 0;
  cache_.OnPrepare([&] { during = leases_.Reconcile(); });
  ASSERT_EQ(Publish(), OkStatus());
  EXPECT_EQ(*during, 0);
  EXPECT_THAT(cache_.leases(), ElementsAre(kLease));
}

}  // namespace
}  // namespace ballast::driver
