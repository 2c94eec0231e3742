// The whole daemon in one process: real store, real gRPC over its socket, an origin in memory.
#include <gmock/gmock.h>
#include <grpcpp/grpcpp.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>
#include <thread>

#include "daemon/daemon.h"
#include "origin/testing/fake_origin.h"
#include "proto/cache.grpc.pb.h"

namespace ballast {
namespace {

namespace fs = std::filesystem;
namespace v1 = cache::v1;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

constexpr uint64_t kMiB = 1 << 20;

std::string Weights(uint64_t size, uint32_t seed = 1) {
  std::string bytes(size, '\0');
  std::minstd_rand random(seed);
  for (char& byte : bytes) byte = static_cast<char>(random());
  return bytes;
}

// How one Prepare ended.
struct Prepared {
  grpc::Status status;
  v1::Ready ready;
  std::vector<v1::Progress> progress;
};

class DaemonTest : public ::testing::Test {
 protected:
  DaemonTest() {
    std::string name = "/tmp/ballast-daemon-XXXXXX";
    root_ = mkdtemp(name.data());
    fs::create_directory(root_ / "caches");
    config_.cache.dir = root_ / "cache";
    config_.cache.min_available = 0;
    config_.socket.path = root_ / "run/s";
    config_.http.address = "127.0.0.1:0";
    config_.manifests = root_ / "caches";
    config_.volumes.sources = {"hf://org/*"};
    config_.fetch.streams = 4;
    jobs_.backoff = {.initial = std::chrono::milliseconds(1), .max = std::chrono::milliseconds(4)};
    jobs_.notify_every = std::chrono::milliseconds(0);
    commit_ = origin_.Put("hf://org/a", {{.path = "config.json", .content = "{}", .kind = FakeFileKind::kPlain},
                                         {.path = "model.safetensors", .content = weights_}});
  }
  ~DaemonTest() override {
    stub_.reset();
    daemon_.reset();
    fs::remove_all(root_);
  }

  Result<std::unique_ptr<Daemon>> TryStart() {
    return Daemon::Start(
        {.config = config_,
         .version = "1.2.3",
         .origins = [this](const ModelRef&, const std::string&) -> Result<Origin*> { return &origin_; },
         .jobs = jobs_},
        clock_);
  }
  void Start() {
    auto daemon = TryStart();
    ASSERT_TRUE(daemon.ok()) << daemon.status();
    daemon_ = *std::move(daemon);
    stub_ = v1::Cache::NewStub(grpc::CreateChannel("unix:" + config_.socket.path, grpc::InsecureChannelCredentials()));
  }
  void Stop() { daemon_.reset(); }

  static v1::PrepareRequest Volume(const std::string& source, const std::string& id, v1::Layout layout = v1::PLAIN) {
    v1::PrepareRequest request;
    request.set_source(source);
    request.set_volume(true);
    request.set_layout(layout);
    request.mutable_lease()->set_volume_id(id);
    request.mutable_lease()->set_target_path("/pods/" + id);
    request.mutable_lease()->set_pod("team/" + id);
    return request;
  }
  static v1::PrepareRequest Pull(const std::string& source) {
    v1::PrepareRequest request;
    request.set_source(source);
    return request;
  }

  Prepared Prepare(const v1::PrepareRequest& request) {
    grpc::ClientContext context;
    Prepared prepared;
    const auto reader = stub_->Prepare(&context, request);
    for (v1::PrepareUpdate update; reader->Read(&update);) {
      if (update.has_ready()) prepared.ready = update.ready();
      if (update.has_progress()) prepared.progress.push_back(update.progress());
    }
    prepared.status = reader->Finish();
    return prepared;
  }

  std::vector<v1::Lease> Leases() {
    grpc::ClientContext context;
    v1::ListLeasesResponse response;
    EXPECT_TRUE(stub_->ListLeases(&context, {}, &response).ok());
    return {response.leases().begin(), response.leases().end()};
  }
  std::vector<v1::Model> List() {
    grpc::ClientContext context;
    v1::ListResponse response;
    EXPECT_TRUE(stub_->List(&context, {}, &response).ok());
    return {response.models().begin(), response.models().end()};
  }
  grpc::Status Remove(const std::string& model, v1::RemoveResponse* response = nullptr) {
    grpc::ClientContext context;
    v1::RemoveRequest request;
    request.set_model(model);
    v1::RemoveResponse ignored;
    return stub_->Remove(&context, request, response == nullptr ? &ignored : response);
  }
  v1::StatusResponse GetStatus() {
    grpc::ClientContext context;
    v1::StatusResponse response;
    EXPECT_TRUE(stub_->Status(&context, {}, &response).ok());
    return response;
  }
  grpc::Status Release(const std::string& id) {
    grpc::ClientContext context;
    v1::ReleaseRequest request;
    request.set_volume_id(id);
    request.set_target_path("/pods/" + id);
    v1::ReleaseResponse response;
    return stub_->Release(&context, request, &response);
  }
  v1::VerifyUpdate Verify(const std::string& model) {
    grpc::ClientContext context;
    v1::VerifyRequest request;
    request.set_model(model);
    const auto reader = stub_->Verify(&context, request);
    v1::VerifyUpdate last;
    for (v1::VerifyUpdate update; reader->Read(&update);) last = update;
    EXPECT_TRUE(reader->Finish().ok());
    return last;
  }
  std::string Content(const std::string& view, const std::string& path) const {
    std::ifstream file(fs::path(config_.cache.dir) / view / path, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
  }
  void WriteCache(const std::string& name, const std::string& spec) const {
    std::ofstream(root_ / "caches" / (name + ".yaml"))
        << "apiVersion: ballast.dev/v1alpha1\nkind: ClusterModelCache\nmetadata: {name: " << name << "}\nspec: {"
        << spec << "}\n";
  }
  // Polls the daemon's own answers: each is a call, so the loop is bounded by the test's timeout, not by a clock.
  void WaitUntil(const std::function<bool()>& condition) {
    while (!condition()) std::this_thread::yield();
  }

  fs::path root_;
  const std::string weights_ = Weights(5 * kMiB);
  RealClock clock_;
  FakeOrigin origin_;
  std::string commit_;
  DaemonConfig config_;
  ModelManager::Options jobs_;
  std::unique_ptr<Daemon> daemon_;
  std::unique_ptr<v1::Cache::Stub> stub_;
};

TEST_F(DaemonTest, AVolumeGetsAViewOfVerifiedFilesAndALease) {
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

TEST_F(DaemonTest, TwentyPreparesOfOneModelAreOneDownload) {
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

TEST_F(DaemonTest, ADownloadGoesOnWhenItsCallerLeaves) {
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

TEST_F(DaemonTest, AHubThatIsDownIsWaitedFor) {
  for (int i = 0; i < 3; ++i) origin_.FailResolve(Unavailable("the hub answers 503"));
  Start();
  EXPECT_TRUE(Prepare(Volume("hf://org/a", "v1")).status.ok());
}

TEST_F(DaemonTest, WhoWaitsIsToldWhyAndUntilWhen) {
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

TEST_F(DaemonTest, AHubThatIsDownDoesNotKeepAwayWhatIsHere) {
  Start();
  ASSERT_TRUE(Prepare(Pull("hf://org/a")).status.ok());
  origin_.FailResolve(Unavailable("the hub answers 503"));
  const Prepared prepared = Prepare(Volume("hf://org/a", "v1"));
  ASSERT_TRUE(prepared.status.ok()) << prepared.status.error_message();
  EXPECT_THAT(prepared.ready.warning(),
              HasSubstr("the origin does not answer (the hub answers 503); this is what hf://org/a@main was"));
}

TEST_F(DaemonTest, WrongBytesAreTheCallersErrorWithBothDigests) {
  for (int i = 0; i < 8; ++i) origin_.CorruptRead("model.safetensors", kMiB);
  Start();
  const Prepared prepared = Prepare(Volume("hf://org/a", "v1"));
  EXPECT_EQ(prepared.status.error_code(), grpc::StatusCode::DATA_LOSS);
  EXPECT_THAT(prepared.status.error_message(),
              HasSubstr("expected " + Digest::Of(weights_).ToString() + ", got sha256:"));
  EXPECT_THAT(Leases(), IsEmpty());  // final: nobody will unpublish
}

TEST_F(DaemonTest, AModelThatCanNeverFitIsRefusedWithTheNumbersAndItsLeaseGoes) {
  config_.cache.quota = kMiB;
  Start();
  const Prepared prepared = Prepare(Volume("hf://org/a", "v1"));
  EXPECT_EQ(prepared.status.error_code(), grpc::StatusCode::FAILED_PRECONDITION);
  EXPECT_THAT(prepared.status.error_message(), HasSubstr("5.0 MiB"));
  EXPECT_THAT(Leases(), IsEmpty());
}

TEST_F(DaemonTest, NoRoomNowEndsTheCallAndLeavesTheLease) {
  config_.cache.quota = 8 * kMiB;
  origin_.Put("hf://org/b", {{.path = "w.bin", .content = Weights(6 * kMiB, 2)}});
  Start();
  ASSERT_TRUE(Prepare(Pull("hf://org/a")).status.ok());
  const Prepared prepared = Prepare(Volume("hf://org/b", "v1"));
  EXPECT_EQ(prepared.status.error_code(), grpc::StatusCode::RESOURCE_EXHAUSTED);
  EXPECT_THAT(Leases(), SizeIs(1));
  ASSERT_TRUE(Remove("hf://org/a").ok());
  EXPECT_TRUE(Prepare(Volume("hf://org/b", "v1")).status.ok());
}

TEST_F(DaemonTest, UnknownModelsAndRefusedSourcesAreFinalAndTakeTheLeaseOfAnEarlierAttemptAlong) {
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

TEST_F(DaemonTest, RemoveSaysWhoUsesOrWantsTheModel) {
  WriteCache("llama", "source: {uri: \"hf://org/a\"}, nodes: {}");
  Start();
  WaitUntil([&] { return !List().empty() && List()[0].phase() == "ready"; });
  grpc::Status refused = Remove("hf://org/a");
  EXPECT_EQ(refused.error_code(), grpc::StatusCode::FAILED_PRECONDITION);
  EXPECT_THAT(refused.error_message(), HasSubstr("wanted on this node by cache llama"));
  ASSERT_TRUE(Prepare(Volume("hf://org/a", "v1")).status.ok());
  fs::remove(root_ / "caches/llama.yaml");
  WaitUntil([&] { return List()[0].wanted_by().empty(); });
  EXPECT_EQ(List()[0].phase(), "ready");  // letting go deletes nothing
  refused = Remove("hf://org/a");
  EXPECT_EQ(refused.error_code(), grpc::StatusCode::FAILED_PRECONDITION);
  EXPECT_THAT(refused.error_message(), HasSubstr("is mounted in pod \"team/v1\""));
  ASSERT_TRUE(Release("v1").ok());
  v1::RemoveResponse response;
  EXPECT_TRUE(Remove("hf://org/a", &response).ok());
  EXPECT_GE(response.freed_bytes(), weights_.size());
  EXPECT_THAT(List(), IsEmpty());
  EXPECT_EQ(Remove("hf://org/a").error_code(), grpc::StatusCode::NOT_FOUND);
}

TEST_F(DaemonTest, ARestartKeepsLeasesAndAsksForNoVerifiedPieceAgain) {
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

TEST_F(DaemonTest, AKeptCacheIsServedAfterARestartWithoutAskingAnybody) {
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

TEST_F(DaemonTest, AnAutomaticCacheMovesOnceTheNewRevisionIsHere) {
  jobs_.times.poll = std::chrono::milliseconds(1);
  WriteCache("llama", "source: {uri: \"hf://org/a\"}, nodes: {}, updatePolicy: {type: Automatic}");
  Start();
  WaitUntil([&] { return !List().empty() && List()[0].phase() == "ready"; });
  const std::string next = origin_.Put("hf://org/a", {{.path = "model.safetensors", .content = Weights(kMiB, 9)}});
  v1::PrepareRequest request = Volume("", "v1");
  request.set_cluster_cache("llama");
  WaitUntil([&] { return Prepare(request).ready.commit() == next; });
}

TEST_F(DaemonTest, AnEarlyViewIsMountedEmptyAndGainsFiles) {
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
  origin_.Continue();
  WaitUntil([&] { return fs::exists(view / ".ballast/ready"); });
  EXPECT_EQ(Content(prepared.ready.view(), "model.safetensors"), weights_);
  WaitUntil([&] { return !Leases()[0].manifest().empty(); });
}

TEST_F(DaemonTest, AnEarlyViewIsCompletedAfterARestartThoughNobodyAsksAgain) {
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

TEST_F(DaemonTest, ExactlyTheManifestThatAVolumeNamesOrAnError) {
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

TEST_F(DaemonTest, ADigestAloneAdmitsToNothing) {
  origin_.Put("hf://org/b", {{.path = "w.bin", .content = Weights(kMiB, 2)}});
  Start();
  const Prepared first = Prepare(Pull("hf://org/a"));
  v1::PrepareRequest request = Volume("hf://org/b", "v1");
  request.set_manifest(first.ready.manifest());
  EXPECT_EQ(Prepare(request).status.error_code(), grpc::StatusCode::FAILED_PRECONDITION);
}

TEST_F(DaemonTest, VerifyFindsADamagedBlobAndSaysWhoseItIs) {
  Start();
  ASSERT_TRUE(Prepare(Pull("hf://org/a")).status.ok());
  EXPECT_THAT(Verify("").damage(), IsEmpty());
  const fs::path blob = fs::path(config_.cache.dir) / "blobs/sha256" / Digest::Of(weights_).Hex();
  ASSERT_EQ(::chmod(blob.c_str(), 0644), 0);
  std::fstream(blob, std::ios::in | std::ios::out | std::ios::binary).write("damage", 6);
  const v1::VerifyUpdate update = Verify("hf://org/a");
  EXPECT_TRUE(update.done());
  EXPECT_EQ(update.blobs_total(), 2U);
  ASSERT_EQ(update.damage_size(), 1);
  EXPECT_EQ(update.damage(0).blob(), Digest::Of(weights_).ToString());
  EXPECT_THAT(update.damage(0).paths(), ElementsAre("model.safetensors"));
  EXPECT_THAT(update.damage(0).models(), ElementsAre("hf://org/a"));
}

TEST_F(DaemonTest, ABadManifestIsAProblemInStatusAndTheGoodOnesCount) {
  WriteCache("llama", "source: {uri: \"hf://org/a\"}, nodes: {}");
  WriteCache("typo", "sorce: {uri: \"hf://org/a\"}");
  Start();
  WaitUntil([&] { return !List().empty() && List()[0].phase() == "ready"; });
  const v1::StatusResponse status = GetStatus();
  EXPECT_THAT(status.problems(), Contains(HasSubstr("typo.yaml")));
  EXPECT_EQ(status.models(), 1U);
  EXPECT_EQ(status.version(), "1.2.3");
}

TEST_F(DaemonTest, AWantedCacheThatFailsIsTriedAgainAndShown) {
  WriteCache("later", "source: {uri: \"hf://org/later\"}, nodes: {}");
  Start();
  v1::Model failed;  // as it was then: the next try is not far
  WaitUntil([&] {
    const auto models = List();
    if (!models.empty()) failed = models[0];
    return failed.phase() == "failed" && !GetStatus().problems().empty();
  });
  EXPECT_THAT(failed.wanted_by(), ElementsAre("later"));
  EXPECT_THAT(failed.message(), HasSubstr("hf://org/later"));
  origin_.Put("hf://org/later", {{.path = "w.bin", .content = "now"}});
  WaitUntil([&] { return List()[0].phase() == "ready"; });
}

TEST_F(DaemonTest, ASecondInstanceIsRefused) {
  Start();
  const auto second = TryStart();
  ASSERT_FALSE(second.ok());
  EXPECT_EQ(second.status().code(), StatusCode::kFailedPrecondition);
}

TEST_F(DaemonTest, ACacheThatOthersCanWriteIsRefused) {
  fs::create_directory(config_.cache.dir);
  ASSERT_EQ(::chmod(config_.cache.dir.c_str(), 0777), 0);
  const auto daemon = TryStart();
  ASSERT_FALSE(daemon.ok());
  EXPECT_THAT(daemon.status().message(), HasSubstr("cache.dir"));
}

TEST_F(DaemonTest, TheSocketHasTheModeOfTheConfiguration) {
  Start();
  struct stat info {};
  ASSERT_EQ(::stat(config_.socket.path.c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777, 0660U);
  EXPECT_NE(daemon_->http_port(), 0);
}

}  // namespace
}  // namespace ballast
