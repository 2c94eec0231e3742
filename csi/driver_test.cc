// The whole driver over real sockets and real mounts, in a mount namespace of the test's own.
#include "csi/driver.h"

#include <gmock/gmock.h>
#include <grpcpp/create_channel.h>
#include <gtest/gtest.h>

#include <atomic>
#include <filesystem>
#include <fstream>
#include <thread>
#include <vector>

#include "base/logging.h"
#include "base/mutex.h"
#include "csi/mount/linux_mounter.h"
#include "csi/mount/testing/mount_namespace.h"
#include "csi/proto/csi.grpc.pb.h"
#include "csi/proto/pluginregistration.grpc.pb.h"
#include "csi/testing/fake_cache.h"

namespace ballast::driver {
namespace {

namespace fs = std::filesystem;
namespace pb = csi::v1;
using testing::HasSubstr;
using testing::Not;

// One FakeCache under several drivers, one after the other.
class SharedCache final : public CacheClient {
 public:
  explicit SharedCache(FakeCache& cache) : cache_(cache) {}
  Result<ReadyView> Prepare(const PrepareCall& call) override { return cache_.Prepare(call); }
  Status Release(const LeaseKey& lease) override { return cache_.Release(lease); }
  Result<std::vector<LeaseKey>> ListLeases() override { return cache_.ListLeases(); }

 private:
  FakeCache& cache_;
};

class LogLines final : public google::LogSink {
 public:
  LogLines() { google::AddLogSink(this); }
  ~LogLines() override { google::RemoveLogSink(this); }
  void send(google::LogSeverity, const char*, const char*, int, const std::tm*, const char* message,
            size_t length) override {
    MutexLock lock(mutex_);
    text_.append(message, length).append("\n");
  }
  std::string text() {
    MutexLock lock(mutex_);
    return text_;
  }

 private:
  Mutex mutex_;
  std::string text_ GUARDED_BY(mutex_);
};

class DriverTest : public testing::Test {
 protected:
  DriverTest() : root_(PrivateDirectory()) {
    fs::create_directories(root_ + "/cache/views/a1/data");
    fs::create_directories(root_ + "/registry");
    fs::create_directories(root_ + "/pods");
    std::ofstream(root_ + "/cache/views/a1/data/weights") << "bytes";
    cache_.SetAnyModel({});
    Start();
  }

  DriverOptions Options() {
    return {.endpoint = "unix://" + root_ + "/csi.sock",
            .cache_dir = root_ + "/cache",
            .kubelet_registry = root_ + "/registry",
            .node_name = "node-1",
            .version = "0.1.0"};
  }
  void Start() { driver_ = Driver::Start(Options(), std::make_unique<SharedCache>(cache_)).value(); }
  std::shared_ptr<grpc::Channel> Channel(const std::string& socket) {
    return grpc::CreateChannel("unix:" + root_ + socket, grpc::InsecureChannelCredentials());
  }
  std::string Target(int i) const { return root_ + "/pods/" + std::to_string(i); }
  pb::NodePublishVolumeRequest Request(int i) {
    pb::NodePublishVolumeRequest request;
    request.set_volume_id("vol-" + std::to_string(i));
    request.set_target_path(Target(i));
    request.mutable_volume_capability()->mutable_mount();
    request.mutable_volume_capability()->mutable_access_mode()->set_mode(
        pb::VolumeCapability::AccessMode::SINGLE_NODE_WRITER);
    (*request.mutable_volume_context())["clusterCache"] = "llama";
    return request;
  }
  grpc::Status Publish(const pb::NodePublishVolumeRequest& request) {
    grpc::ClientContext context;
    pb::NodePublishVolumeResponse response;
    return pb::Node::NewStub(Channel("/csi.sock"))->NodePublishVolume(&context, request, &response);
  }
  grpc::Status Unpublish(int i) {
    grpc::ClientContext context;
    pb::NodeUnpublishVolumeRequest request;
    request.set_volume_id("vol-" + std::to_string(i));
    request.set_target_path(Target(i));
    pb::NodeUnpublishVolumeResponse response;
    return pb::Node::NewStub(Channel("/csi.sock"))->NodeUnpublishVolume(&context, request, &response);
  }
  std::vector<MountInfo> Mounts() {
    std::vector<MountInfo> mounts = ReadMountInfo().value();
    std::erase_if(mounts, [this](const MountInfo& mount) { return !mount.mount_point.starts_with(root_); });
    return mounts;
  }

  const std::string root_;
  FakeCache cache_;
  std::unique_ptr<Driver> driver_;
};

TEST_F(DriverTest, RegistersWithTheKubelet) {
  namespace reg = pluginregistration;
  const auto kubelet = reg::Registration::NewStub(Channel("/registry/csi.ballast.dev-reg.sock"));
  grpc::ClientContext context;
  reg::PluginInfo info;
  ASSERT_TRUE(kubelet->GetInfo(&context, {}, &info).ok());
  EXPECT_EQ(info.type(), "CSIPlugin");
  EXPECT_EQ(info.name(), "csi.ballast.dev");
  EXPECT_EQ(info.endpoint(), root_ + "/csi.sock");
  EXPECT_THAT(info.supported_versions(), testing::ElementsAre("1.0.0"));
  grpc::ClientContext told;
  reg::RegistrationStatus status;
  status.set_plugin_registered(true);
  reg::RegistrationStatusResponse response;
  EXPECT_TRUE(kubelet->NotifyRegistrationStatus(&told, status, &response).ok());
  EXPECT_EQ(driver_->refusal(), "");
}

TEST_F(DriverTest, SaysWhoAndWhatItIs) {
  grpc::ClientContext c1;
  grpc::ClientContext c2;
  grpc::ClientContext c3;
  pb::GetPluginInfoResponse info;
  ASSERT_TRUE(pb::Identity::NewStub(Channel("/csi.sock"))->GetPluginInfo(&c1, {}, &info).ok());
  EXPECT_EQ(info.name(), "csi.ballast.dev");
  EXPECT_EQ(info.vendor_version(), "0.1.0");
  pb::NodeGetInfoResponse node;
  ASSERT_TRUE(pb::Node::NewStub(Channel("/csi.sock"))->NodeGetInfo(&c2, {}, &node).ok());
  EXPECT_EQ(node.node_id(), "node-1");
  pb::GetPluginCapabilitiesResponse capabilities;
  ASSERT_TRUE(pb::Identity::NewStub(Channel("/csi.sock"))->GetPluginCapabilities(&c3, {}, &capabilities).ok());
  EXPECT_TRUE(capabilities.capabilities().empty());
}

TEST_F(DriverTest, OnlyRootMayConnectAndOnlyOneDriverServes) {
  EXPECT_EQ(fs::status(root_ + "/csi.sock").permissions(), fs::perms::owner_read | fs::perms::owner_write);
  const auto second = Driver::Start(Options(), std::make_unique<SharedCache>(cache_));
  EXPECT_EQ(second.status().code(), StatusCode::kAlreadyExists);
  EXPECT_THAT(second.status().message(), HasSubstr("another ballast-csi serves"));
  EXPECT_TRUE(Publish(Request(1)).ok());
  EXPECT_TRUE(Unpublish(1).ok());
}

// 110 volumes, a reader in a loop, a restart: the mount table does not change and no read fails.
TEST_F(DriverTest, ARestartChangesNoMountAndNoRead) {
  for (int i = 0; i < 110; ++i) ASSERT_TRUE(Publish(Request(i)).ok());
  const std::vector<MountInfo> before = Mounts();
  ASSERT_EQ(before.size(), 110U);
  std::atomic<int> failed = 0;
  std::atomic<int> reads = 0;
  std::jthread reader([&](const std::stop_token& stop) {
    for (int i = 0; !stop.stop_requested(); i = (i + 1) % 110) {
      std::string text;
      if (!(std::ifstream(Target(i) + "/weights") >> text) || text != "bytes") ++failed;
      ++reads;
    }
  });
  driver_.reset();
  Start();
  EXPECT_EQ(Mounts(), before);
  EXPECT_TRUE(Publish(Request(7)).ok());
  reader.request_stop();
  reader.join();
  EXPECT_EQ(failed, 0);
  EXPECT_GT(reads, 0);
  EXPECT_EQ(cache_.leases().size(), 110U);
  for (int i = 0; i < 110; ++i) EXPECT_TRUE(Unpublish(i).ok());
  EXPECT_TRUE(Mounts().empty());
  EXPECT_TRUE(cache_.leases().empty());
  EXPECT_TRUE(fs::is_empty(root_ + "/pods"));
}

TEST_F(DriverTest, TheCallersDeadlineIsKeptWithRoomForTheReply) {
  cache_.SetAnyModel({.reports = {{.model = "hf://o/n@main", .bytes_done = 1, .bytes_total = 2}}, .warm = false});
  grpc::ClientContext context;
  context.set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(60));
  pb::NodePublishVolumeResponse response;
  const grpc::Status status =
      pb::Node::NewStub(Channel("/csi.sock"))->NodePublishVolume(&context, Request(1), &response);
  EXPECT_EQ(status.error_code(), grpc::StatusCode::UNAVAILABLE);
  EXPECT_EQ(status.error_message(), "model hf://o/n@main is warming: 50 percent (1 of 2 B)");
  const auto wait = cache_.prepares().at(0).deadline - std::chrono::steady_clock::now();
  EXPECT_LT(wait, std::chrono::seconds(56));  // gRPC rounds what it sends
  EXPECT_GT(wait, std::chrono::seconds(30));
}

// Ids are opaque: no path, no option, no word of a shell is ever made of one.
TEST_F(DriverTest, AVolumeIdIsNothingButAnId) {
  for (const std::string id : {"../../../../etc/x", "/", "..", "a,rw,exec", "$(reboot)", "x;y", "%s%n"}) {
    pb::NodePublishVolumeRequest request = Request(1);
    request.set_volume_id(id);
    ASSERT_TRUE(Publish(request).ok()) << id;
    ASSERT_EQ(cache_.leases().size(), 1U);
    EXPECT_EQ(cache_.leases()[0], (LeaseKey{id, Target(1)}));
    ASSERT_EQ(Mounts().size(), 1U);
    EXPECT_EQ(Mounts()[0].mount_point, Target(1));
    EXPECT_TRUE(Mounts()[0].HasOption("ro"));
    grpc::ClientContext context;
    pb::NodeUnpublishVolumeRequest back;
    back.set_volume_id(id);
    back.set_target_path(Target(1));
    pb::NodeUnpublishVolumeResponse response;
    ASSERT_TRUE(pb::Node::NewStub(Channel("/csi.sock"))->NodeUnpublishVolume(&context, back, &response).ok());
    EXPECT_TRUE(cache_.leases().empty());
  }
}

TEST_F(DriverTest, AStartReleasesTheLeasesOfPodsThatAreGone) {
  ASSERT_TRUE(Publish(Request(1)).ok());
  driver_.reset();
  cache_.AddLease({"vol-9", root_ + "/pods-of-yesterday/9"});
  Start();
  while (cache_.leases().size() > 1) std::this_thread::yield();
  EXPECT_EQ(cache_.leases()[0], (LeaseKey{"vol-1", Target(1)}));
}

TEST_F(DriverTest, SaysAtTheStartThatPodsWouldNotSeeItsMounts) {
  LogLines log;
  driver_.reset();
  Start();  // the test's mount namespace propagates nothing
  EXPECT_THAT(log.text(), HasSubstr("mountPropagation: Bidirectional"));
}

TEST_F(DriverTest, AFileSystemTypeHasNoMeaningAndOtherMountOptionsAreRefused) {
  pb::NodePublishVolumeRequest request = Request(1);
  pb::VolumeCapability::MountVolume& mount = *request.mutable_volume_capability()->mutable_mount();
  mount.set_fs_type("xfs");
  mount.add_mount_flags("context=system_u:object_r:container_file_t:s0");
  const grpc::Status refused = Publish(request);
  EXPECT_EQ(refused.error_code(), grpc::StatusCode::INVALID_ARGUMENT);
  EXPECT_THAT(refused.error_message(), HasSubstr("remove mountOptions"));
  mount.clear_mount_flags();
  EXPECT_TRUE(Publish(request).ok());
  EXPECT_TRUE(Unpublish(1).ok());
}

// The kubelet's event is fmt.Sprintf(our text).
TEST_F(DriverTest, APercentSignComesDoubledSoThatTheKubeletsEventShowsIt) {
  pb::NodePublishVolumeRequest request = Request(1);
  (*request.mutable_volume_context())["layout"] = "100%s";
  EXPECT_THAT(Publish(request).error_message(), HasSubstr("\"100%%s\""));
}

TEST_F(DriverTest, QuestionsAreNotLoggedAndRefusalsAre) {
  LogLines log;
  const auto node = pb::Node::NewStub(Channel("/csi.sock"));
  pb::NodeGetVolumeStatsRequest request;
  request.set_volume_id("vol-1");
  request.set_volume_path(Target(1));
  pb::NodeGetVolumeStatsResponse stats;
  ASSERT_TRUE(Publish(Request(1)).ok());
  for (int i = 0; i < 100; ++i) {
    grpc::ClientContext context;
    ASSERT_TRUE(node->NodeGetVolumeStats(&context, request, &stats).ok());
  }
  EXPECT_THAT(log.text(), Not(HasSubstr("NodeGetVolumeStats")));
  ASSERT_TRUE(Unpublish(1).ok());
  grpc::ClientContext context;
  EXPECT_EQ(node->NodeGetVolumeStats(&context, request, &stats).error_code(), grpc::StatusCode::NOT_FOUND);
  EXPECT_THAT(log.text(), HasSubstr("NodeGetVolumeStats"));
}

TEST_F(DriverTest, SecretsReachNoLog) {
  LogLines log;
  pb::NodePublishVolumeRequest request = Request(1);
  (*request.mutable_secrets())["HF_TOKEN"] = "canary-secret";
  const grpc::Status status = Publish(request);
  EXPECT_EQ(status.error_code(), grpc::StatusCode::INVALID_ARGUMENT);
  EXPECT_THAT(log.text(), HasSubstr("NodePublishVolume"));
  EXPECT_THAT(log.text() + status.error_message(), Not(HasSubstr("canary")));
}

}  // namespace
}  // namespace ballast::driver
