// What a call of Prepare gets.
#include <gmock/gmock.h>

#include <thread>

#include "daemon/testing/service_fixture.h"

namespace ballast {
namespace {

namespace v1 = cache::v1;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

class ServiceTest : public ServiceFixture {};

TEST_F(ServiceTest, AVolumeGetsAViewOfVerifiedFilesAndALease) {
  Start();
  const Prepared prepared = Prepare(Volume("hf://org/a", "v1"));
  ASSERT_TRUE(prepared.status.ok()) << prepared.status.error_message();
  EXPECT_EQ(prepared.ready.commit(), commit_);
  EXPECT_EQ(prepared.ready.bytes(), weights_.size() + 2);
  EXPECT_EQ(prepared.ready.bytes_fetched(), weights_.size() + 2);
  EXPECT_EQ(Content(prepared.ready.view(), "model.safetensors"), weights_);
  ASSERT_THAT(Leases(), SizeIs(1));
  EXPECT_EQ(Leases()[0].view(), prepared.ready.view());
  EXPECT_EQ(Leases()[0].manifest(), prepared.ready.manifest());
  EXPECT_TRUE(Release("v1").ok());
  EXPECT_TRUE(Release("v1").ok());  // again
  EXPECT_THAT(Leases(), IsEmpty());
}

TEST_F(ServiceTest, APullWithoutALeaseGetsADirectoryThatStaysUntilTheModelIsRemoved) {
  Start();
  const Prepared pulled = Prepare(Pull("hf://org/a"));
  ASSERT_TRUE(pulled.status.ok()) << pulled.status.error_message();
  EXPECT_EQ(Content(pulled.ready.view(), "model.safetensors"), weights_);
  EXPECT_THAT(Leases(), IsEmpty());
  v1::PrepareRequest hub_cache = Pull("hf://org/a");
  hub_cache.set_layout(v1::HF);
  const std::string snapshot = "models--org--a/snapshots/" + commit_ + "/model.safetensors";
  EXPECT_EQ(Content(Prepare(hub_cache).ready.view(), snapshot), weights_);
  ASSERT_TRUE(Remove("hf://org/a").ok());
  EXPECT_FALSE(std::filesystem::exists(root_ / "cache" / pulled.ready.view()));
}

TEST_F(ServiceTest, TwentyPreparesOfOneModelAreOneDownload) {
  origin_.HoldRead("model.safetensors", 1);
  Start();
  std::vector<std::jthread> callers;
  std::vector<Prepared> prepared(20);
  for (size_t i = 0; i < prepared.size(); ++i) {
    callers.emplace_back([&, i] { prepared[i] = Prepare(Volume("hf://org/a", "v" + std::to_string(i))); });
  }
  origin_.AwaitHeld();
  WaitUntil([&] { return Leases().size() == prepared.size(); });
  origin_.Continue();
  callers.clear();
  for (const Prepared& one : prepared) EXPECT_TRUE(one.status.ok()) << one.status.error_message();
  EXPECT_EQ(origin_.bytes_delivered(), weights_.size() + 2);
  EXPECT_THAT(List(), SizeIs(1));
  EXPECT_EQ(List()[0].mounts(), 20U);
}

TEST_F(ServiceTest, ADownloadGoesOnWhenItsCallerLeaves) {
  origin_.HoldRead("model.safetensors", 1);
  Start();
  {
    grpc::ClientContext context;
    const auto reader = stub_->Prepare(&context, Volume("hf://org/a", "v1"));
    origin_.AwaitHeld();
    context.TryCancel();
    EXPECT_EQ(reader->Finish().error_code(), grpc::StatusCode::CANCELLED);
  }
  EXPECT_THAT(Leases(), SizeIs(1));  // an interrupted call leaves it
  origin_.Continue();
  WaitUntil([&] { return !List().empty() && List()[0].phase() == "ready"; });
  const Prepared again = Prepare(Volume("hf://org/a@" + commit_, "v1"));
  EXPECT_TRUE(again.status.ok());
  EXPECT_EQ(again.ready.bytes_fetched(), 0U);
}

TEST_F(ServiceTest, AHubThatIsDownIsWaitedFor) {
  for (int i = 0; i < 3; ++i) origin_.FailResolve(Unavailable("the hub answers 503"));
  Start();
  EXPECT_TRUE(Prepare(Volume("hf://org/a", "v1")).status.ok());
}

TEST_F(ServiceTest, WhoWaitsIsToldWhyAndUntilWhen) {
  jobs_.backoff = {.initial = std::chrono::hours(1), .max = std::chrono::hours(1)};
  origin_.FailResolve(Unavailable("the hub answers 503"));
  Start();
  grpc::ClientContext context;
  const auto reader = stub_->Prepare(&context, Volume("hf://org/a", "v1"));
  v1::PrepareUpdate update;
  while (update.progress().waiting_for().empty() && reader->Read(&update)) continue;
  EXPECT_EQ(update.progress().phase(), "waiting");
  EXPECT_THAT(update.progress().waiting_for(), ::testing::StartsWith("the hub answers 503; next try in "));
  context.TryCancel();
  EXPECT_EQ(reader->Finish().error_code(), grpc::StatusCode::CANCELLED);
}

// The only way for a server to notice that a caller left.
TEST_F(ServiceTest, WhoWaitsHearsSomethingThoughNothingMoves) {
  jobs_.backoff = {.initial = std::chrono::hours(1), .max = std::chrono::hours(1)};
  jobs_.remind_every = std::chrono::milliseconds(1);
  origin_.FailResolve(Unavailable("the hub answers 503"));
  Start();
  grpc::ClientContext context;
  context.set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(60));
  const auto reader = stub_->Prepare(&context, Volume("hf://org/a", "v1"));
  v1::PrepareUpdate update;
  for (int heard = 0; heard < 5; heard += update.progress().phase() == "waiting" ? 1 : 0) {
    ASSERT_TRUE(reader->Read(&update));
  }
  context.TryCancel();
  EXPECT_EQ(reader->Finish().error_code(), grpc::StatusCode::CANCELLED);
}

TEST_F(ServiceTest, AHubThatIsDownDoesNotKeepAwayWhatIsHere) {
  Start();
  ASSERT_TRUE(Prepare(Pull("hf://org/a")).status.ok());
  origin_.FailResolve(Unavailable("the hub answers 503"));
  const Prepared prepared = Prepare(Volume("hf://org/a", "v1"));
  ASSERT_TRUE(prepared.status.ok()) << prepared.status.error_message();
  EXPECT_THAT(prepared.ready.warning(),
              HasSubstr("the origin does not answer (the hub answers 503); this is what hf://org/a@main was"));
}

TEST_F(ServiceTest, WrongBytesAreTheCallersErrorWithBothDigests) {
  for (int i = 0; i < 8; ++i) origin_.CorruptRead("model.safetensors", kMiB);
  Start();
  const Prepared prepared = Prepare(Volume("hf://org/a", "v1"));
  EXPECT_EQ(prepared.status.error_code(), grpc::StatusCode::DATA_LOSS);
  EXPECT_THAT(prepared.status.error_message(),
              HasSubstr("expected " + Digest::Of(weights_).ToString() + ", got sha256:"));
  EXPECT_THAT(Leases(), IsEmpty());  // final: nobody will unpublish
}

TEST_F(ServiceTest, AModelThatCanNeverFitIsRefusedWithTheNumbersAndItsLeaseGoes) {
  config_.cache.quota = kMiB;
  Start();
  const Prepared prepared = Prepare(Volume("hf://org/a", "v1"));
  EXPECT_EQ(prepared.status.error_code(), grpc::StatusCode::FAILED_PRECONDITION);
  EXPECT_THAT(prepared.status.error_message(), HasSubstr("5.0 MiB"));
  EXPECT_THAT(Leases(), IsEmpty());
}

TEST_F(ServiceTest, NoRoomNowEndsTheCallAndLeavesTheLease) {
  config_.cache.quota = 8 * kMiB;
  origin_.Put("hf://org/b", {{.path = "w.bin", .content = Weights(6 * kMiB, 2)}});
  Start();
  ASSERT_TRUE(Prepare(Volume("hf://org/a", "v0")).status.ok());
  const Prepared prepared = Prepare(Volume("hf://org/b", "v1"));
  EXPECT_EQ(prepared.status.error_code(), grpc::StatusCode::RESOURCE_EXHAUSTED);
  EXPECT_THAT(Leases(), SizeIs(2));
  ASSERT_TRUE(Release("v0").ok());
  const grpc::Status removed = Remove("hf://org/a");
  ASSERT_TRUE(removed.ok()) << removed.error_message();
  EXPECT_TRUE(Prepare(Volume("hf://org/b", "v1")).status.ok());
}

TEST_F(ServiceTest, UnknownModelsAndRefusedSourcesAreFinalAndTakeTheLeaseOfAnEarlierAttemptAlong) {
  for (int i = 0; i < 100; ++i) origin_.FailResolve(Unavailable("down"));
  Start();
  {
    grpc::ClientContext context;
    const auto reader = stub_->Prepare(&context, Volume("hf://org/a", "v1"));
    v1::PrepareUpdate update;
    EXPECT_TRUE(reader->Read(&update));
    context.TryCancel();
    EXPECT_EQ(reader->Finish().error_code(), grpc::StatusCode::CANCELLED);
  }
  ASSERT_THAT(Leases(), SizeIs(1));
  EXPECT_EQ(Prepare(Volume("hf://elsewhere/x", "v1")).status.error_code(), grpc::StatusCode::PERMISSION_DENIED);
  EXPECT_THAT(Leases(), IsEmpty());
}

TEST_F(ServiceTest, ExactlyTheManifestThatAVolumeNamesOrAnError) {
  Start();
  const Prepared first = Prepare(Volume("hf://org/a", "v1"));
  ASSERT_TRUE(first.status.ok());
  origin_.Put("hf://org/a", {{.path = "model.safetensors", .content = Weights(kMiB, 9)}});
  v1::PrepareRequest request = Volume("hf://org/a", "v2");
  request.set_manifest(first.ready.manifest());
  EXPECT_EQ(Prepare(request).ready.manifest(), first.ready.manifest());
  request.set_manifest(Digest::Of("another").ToString());
  const Prepared other = Prepare(request);
  EXPECT_EQ(other.status.error_code(), grpc::StatusCode::FAILED_PRECONDITION);
  EXPECT_THAT(other.status.error_message(), HasSubstr("but the volume asks for"));
}

TEST_F(ServiceTest, ADigestAloneAdmitsToNothing) {
  origin_.Put("hf://org/b", {{.path = "w.bin", .content = Weights(kMiB, 2)}});
  Start();
  const Prepared first = Prepare(Pull("hf://org/a"));
  v1::PrepareRequest request = Volume("hf://org/b", "v1");
  request.set_manifest(first.ready.manifest());
  EXPECT_EQ(Prepare(request).status.error_code(), grpc::StatusCode::FAILED_PRECONDITION);
}

}  // namespace
}  // namespace ballast
