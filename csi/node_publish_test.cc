// NodePublishVolume.
#include <gmock/gmock.h>

#include <atomic>
#include <latch>
#include <thread>

#include "csi/testing/node_fixture.h"

namespace ballast::driver {
namespace {

using std::chrono::seconds;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

class NodePublishTest : public NodeFixture {};

TEST_F(NodePublishTest, PublishMountsTheViewUnderALease) {
  ASSERT_EQ(Publish(), OkStatus());
  EXPECT_EQ(mounter_.Inspect(kTarget)->view, (MountedView{.target = kTarget, .view = "views/a1/data"}));
  EXPECT_THAT(cache_.leases(), ElementsAre(kLease));
}

TEST_F(NodePublishTest, ServedReadOnlyAndIdmappedWhereTheCallerAskedForWritable) {
  PublishRequest request = Request();
  request.readonly = false;
  request.capability.mode = AccessMode::kSingleNodeWriter;
  ASSERT_EQ(Publish(request), OkStatus());
  EXPECT_TRUE(mounter_.Inspect(kTarget)->view.idmapped);
}

TEST_F(NodePublishTest, WithoutIdmappedMountsWritableIsRefusedAndReadOnlyServed) {
  mounter_.SetCanIdmap(FailedPrecondition("mount_setattr: Invalid argument"));
  PublishRequest request = Request();
  request.readonly = false;
  const Status refused = Publish(request);
  EXPECT_EQ(refused.code(), StatusCode::kInvalidArgument);
  EXPECT_THAT(refused.message(), HasSubstr("set readOnly: true on the volume"));
  EXPECT_EQ(Publish(), OkStatus());
}

TEST_F(NodePublishTest, PublishTwiceIsOkWithOneMountAndNeedsNoCacheTheSecondTime) {
  ASSERT_EQ(Publish(), OkStatus());
  cache_.SetUp(false);
  EXPECT_EQ(Publish(), OkStatus());
  EXPECT_EQ(mounter_.mounts_made(), 1);
}

TEST_F(NodePublishTest, ARepublishWithOtherAttributesIsOkWithWhatIsMounted) {
  ASSERT_EQ(Publish(), OkStatus());
  PublishRequest other = Request();
  other.attributes["revision"] = "v2";
  EXPECT_EQ(Publish(other), OkStatus());
  EXPECT_EQ(mounter_.mounts_made(), 1);
  EXPECT_THAT(cache_.leases(), ElementsAre(kLease));
}

TEST_F(NodePublishTest, ARepublishThatWouldBeWritableIsRefusedAndTheLeaseOfTheMountLives) {
  ASSERT_EQ(Publish(), OkStatus());
  PublishRequest other = Request();
  other.readonly = false;
  EXPECT_EQ(Publish(other).code(), StatusCode::kAlreadyExists);
  EXPECT_THAT(cache_.leases(), ElementsAre(kLease));
  EXPECT_EQ(Kind(), TargetKind::kView);
}

TEST_F(NodePublishTest, OfFiftyAtOnceOneMountsAndTheOthersAreAbortedOrOk) {
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

TEST_F(NodePublishTest, WhenTheDeadlinePassesTheReplyTellsTheProgressAndTheLeaseStays) {
  Warming();
  EXPECT_EQ(Publish(), Unavailable("model hf://o/n@main is warming: 43 percent (43 of 100 B)"));
  EXPECT_THAT(cache_.leases(), ElementsAre(kLease));
  EXPECT_EQ(Kind(), TargetKind::kMissing);
  cache_.SetModel("llama", {});  // the download went on meanwhile
  EXPECT_EQ(Publish(), OkStatus());
}

TEST_F(NodePublishTest, WaitsUntilTheCallersDeadlineLessFiveSeconds) {
  ASSERT_EQ(node_.Publish(Request(), {.deadline = clock_.Steady() + seconds(120)}), OkStatus());
  EXPECT_EQ(cache_.prepares().at(0).deadline, clock_.Steady() + seconds(115));
}

TEST_F(NodePublishTest, ACallerWhoGoesAwayEndsTheWaitAndTheLeaseStays) {
  Warming();
  const Status status = node_.Publish(Request(), {.cancelled = [] { return true; }});
  EXPECT_EQ(status.code(), StatusCode::kCancelled);
  EXPECT_THAT(cache_.leases(), ElementsAre(kLease));
}

TEST_F(NodePublishTest, EarlyMountsAtOnceWhileItWarms) {
  Warming();
  PublishRequest request = Request();
  request.attributes["publish"] = "Early";
  ASSERT_EQ(Publish(request), OkStatus());
  EXPECT_EQ(Kind(), TargetKind::kView);
}

TEST_F(NodePublishTest, AFinalErrorAfterAnUnavailableAttemptReleasesTheLease) {
  Warming();
  ASSERT_EQ(Publish().code(), StatusCode::kUnavailable);
  ASSERT_THAT(cache_.leases(), ElementsAre(kLease));
  cache_.SetModel("llama", {.error = PermissionDenied("namespace \"a\" is not admitted")});
  EXPECT_EQ(Publish(), PermissionDenied("namespace \"a\" is not admitted"));
  EXPECT_THAT(cache_.leases(), IsEmpty());
}

TEST_F(NodePublishTest, AnErrorFoundBeforeTheCacheIsAskedReleasesTheEarlierLeaseToo) {
  Warming();
  ASSERT_EQ(Publish().code(), StatusCode::kUnavailable);
  mounter_.AddFile(std::string(kTarget) + "/somebodys.txt");
  EXPECT_EQ(Publish().code(), StatusCode::kFailedPrecondition);
  EXPECT_THAT(cache_.leases(), IsEmpty());
}

TEST_F(NodePublishTest, CodesOfTheCacheComeThrough) {
  for (const Status& error : {ResourceExhausted("no room"), NotFound("unknown"), FailedPrecondition("never fits"),
                              Unavailable("hub answers 503"), Unauthenticated("token wanted")}) {
    cache_.SetModel("llama", {.error = error});
    EXPECT_EQ(Publish(), error);
    EXPECT_EQ(cache_.leases().empty(), IsFinal(error)) << error;
    EXPECT_FALSE(mounter_.HasDirectory(kTarget));
  }
}

TEST_F(NodePublishTest, UnknownModelIsNotFound) {
  PublishRequest request = Request();
  request.attributes = {{"clusterCache", "nobody"}};
  EXPECT_EQ(Publish(request).code(), StatusCode::kNotFound);
  EXPECT_THAT(cache_.leases(), IsEmpty());
}

TEST_F(NodePublishTest, AMountThatFailsKeepsTheLeaseOnlyForAnotherTry) {
  mounter_.FailNextMount(Unavailable("busy"));
  EXPECT_EQ(Publish().code(), StatusCode::kUnavailable);
  EXPECT_THAT(cache_.leases(), ElementsAre(kLease));
  mounter_.FailNextMount(PermissionDenied("move_mount: Operation not permitted"));
  EXPECT_EQ(Publish().code(), StatusCode::kPermissionDenied);
  EXPECT_THAT(cache_.leases(), IsEmpty());
}

TEST_F(NodePublishTest, AViewThatVanishedBetweenIsTriedAgain) {
  mounter_.RemoveView("views/a1/data");
  EXPECT_EQ(Publish().code(), StatusCode::kUnavailable);
  EXPECT_THAT(cache_.leases(), ElementsAre(kLease));
}

TEST_F(NodePublishTest, NothingIsMountedWhereSomethingElseIs) {
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

TEST_F(NodePublishTest, BadRequestsAreOneClearError) {
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
  EXPECT_EQ(code_of([](PublishRequest& r) { r.secrets = {{"token", "hf_x"}}; }), bad) << "a cache has its own";
  EXPECT_EQ(code_of([](PublishRequest& r) { r.attributes["layuot"] = "hf"; }), bad);
  EXPECT_EQ(mounter_.mounts_made(), 0);
  EXPECT_EQ(code_of([](PublishRequest& r) { r.capability.mount_flags = {"ro", "nodev"}; }), StatusCode::kOk);
}

TEST_F(NodePublishTest, ASecretIsATokenForTheOriginOfASource) {
  const auto message_of = [](std::map<std::string, std::string> secrets, std::map<std::string, std::string> more) {
    PublishRequest request{.volume_id = "v", .target_path = "/t", .secrets = std::move(secrets)};
    request.capability = {.type = AccessType::kMount, .mode = AccessMode::kMultiNodeReaderOnly};
    request.attributes = {{"source", "hf://org/a"}};
    request.attributes.merge(more);
    const auto order = CheckPublish(request);
    return order.ok() ? "token " + order->token : order.status().message();
  };
  EXPECT_EQ(message_of({{"token", "hf_canary\n"}}, {}), "token hf_canary");
  EXPECT_EQ(message_of({}, {}), "token ");
  EXPECT_THAT(message_of({{"HF_TOKEN", "hf_canary"}}, {}), testing::HasSubstr("has no key \"token\""));
  EXPECT_THAT(message_of({{"token", "hf canary"}}, {}), testing::HasSubstr("not one word"));
  EXPECT_THAT(message_of({{"token", "hf_canary"}}, {{"publish", "Early"}}), testing::HasSubstr("publish: Early"));
}

}  // namespace
}  // namespace ballast::driver
