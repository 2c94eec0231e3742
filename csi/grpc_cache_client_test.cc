#include "csi/grpc_cache_client.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <optional>
#include <thread>

#include "csi/testing/cache_service.h"
#include "csi/testing/temp_dir.h"

namespace ballast::driver {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using testing::ElementsAre;
using testing::HasSubstr;

const LeaseKey kLease{"vol-1", "/pod/target"};

class GrpcCacheClientTest : public testing::Test {
 protected:
  void Up() { service_.emplace(socket_, cache_); }
  void Down() { service_.reset(); }
  PrepareCall Call(SteadyTime deadline = std::chrono::steady_clock::now() + seconds(30)) {
    return {.order = {.kind = ModelOrder::Kind::kCache,
                      .name = "llama",
                      .pod_namespace = "serving",
                      .revision = "main",
                      .manifest = "sha256:1",
                      .layout = Layout::kHfRepo},
            .lease = kLease,
            .pod = "serving/web-0",
            .pod_uid = "0815",
            .read_only = false,
            .deadline = deadline,
            .on_progress = [this](const WarmProgress& progress) {
              reports_.push_back(progress.bytes_done);
              return go_on_;
            }};
  }
  std::unique_ptr<CacheClient> Client(milliseconds patience = seconds(30)) {
    return MakeGrpcCacheClient({.socket_path = socket_, .patience = patience});
  }

  const TempDir dir_;
  const std::string socket_ = dir_.Path("ballastd.sock");
  FakeCache cache_;
  std::optional<CacheService> service_;
  std::vector<uint64_t> reports_;
  bool go_on_ = true;
};

TEST_F(GrpcCacheClientTest, PreparesWithProgressAndSendsTheWholeOrder) {
  cache_.SetModel("llama", {.view = "views/x/data", .reports = {{.bytes_done = 1}, {.bytes_done = 2}}});
  Up();
  const auto ready = Client()->Prepare(Call());
  ASSERT_TRUE(ready.ok()) << ready.status();
  EXPECT_EQ(ready->view, "views/x/data");
  EXPECT_THAT(reports_, ElementsAre(1, 2));
  const PrepareCall got = cache_.prepares().at(0);
  EXPECT_EQ(got.order.name, "llama");
  EXPECT_EQ(got.order.pod_namespace, "serving");
  EXPECT_EQ(got.order.revision, "main");
  EXPECT_EQ(got.order.manifest, "sha256:1");
  EXPECT_EQ(got.order.layout, Layout::kHfRepo);
  EXPECT_EQ(got.lease, kLease);
  EXPECT_EQ(got.pod, "serving/web-0");
  EXPECT_EQ(got.pod_uid, "0815");
  EXPECT_FALSE(got.read_only);
}

TEST_F(GrpcCacheClientTest, ErrorsComeThroughUnchanged) {
  Up();
  for (const Status& error :
       {PermissionDenied("not admitted"), Unavailable("hub answers 503"), ResourceExhausted("no room")}) {
    cache_.SetModel("llama", {.error = error});
    EXPECT_EQ(Client()->Prepare(Call()).status(), error);
  }
}

TEST_F(GrpcCacheClientTest, TheDeadlineEndsTheWait) {
  cache_.SetModel("llama", {.reports = {{.bytes_done = 7}}, .warm = false});
  Up();
  const auto ready = Client()->Prepare(Call(std::chrono::steady_clock::now() + milliseconds(200)));
  EXPECT_EQ(ready.status().code(), StatusCode::kDeadlineExceeded) << ready.status();
  EXPECT_THAT(reports_, ElementsAre(7));
}

TEST_F(GrpcCacheClientTest, ACallerWhoGoesAwayEndsTheWait) {
  cache_.SetModel("llama", {.reports = {{.bytes_done = 7}}, .warm = false});
  Up();
  go_on_ = false;
  EXPECT_EQ(Client()->Prepare(Call()).status().code(), StatusCode::kCancelled);
}

TEST_F(GrpcCacheClientTest, WithoutBallastdItNamesTheSocketAndWhy) {
  const auto client = Client(milliseconds(50));
  const Status status = client->Prepare(Call()).status();
  EXPECT_EQ(status.code(), StatusCode::kUnavailable);
  EXPECT_THAT(status.message(), HasSubstr("the node's cache (ballastd) does not answer at unix://" + socket_));
  EXPECT_THAT(status.message(), HasSubstr("No such file or directory"));
  EXPECT_THAT(client->Release(kLease).message(), HasSubstr("does not answer"));
  EXPECT_THAT(client->ListLeases().status().message(), HasSubstr("does not answer"));
}

TEST_F(GrpcCacheClientTest, WaitsForABallastdThatStarts) {
  cache_.SetModel("llama", {});
  std::optional<Result<ReadyView>> ready;
  std::jthread caller([&] { ready = Client()->Prepare(Call()); });
  Up();
  caller.join();
  EXPECT_TRUE(ready->ok()) << ready->status();
}

TEST_F(GrpcCacheClientTest, BeginsAgainWhenBallastdRestartsInMidCall) {
  cache_.SetModel("llama", {.reports = {{.bytes_done = 7}}, .warm = false});
  Up();
  std::optional<Result<ReadyView>> ready;
  PrepareCall call = Call();
  std::atomic<bool> begun = false;
  call.on_progress = [&](const WarmProgress&) { return begun = true; };
  std::jthread caller([&] { ready = Client()->Prepare(call); });
  while (!begun) std::this_thread::yield();
  Down();
  cache_.SetModel("llama", {});
  Up();
  caller.join();
  EXPECT_TRUE(ready->ok()) << ready->status();
}

TEST_F(GrpcCacheClientTest, ListsAndReleasesLeases) {
  cache_.AddLease(kLease);
  Up();
  const auto client = Client();
  const auto leases = client->ListLeases();
  ASSERT_TRUE(leases.ok()) << leases.status();
  EXPECT_THAT(*leases, ElementsAre(kLease));
  EXPECT_EQ(client->Release(kLease), OkStatus());
  EXPECT_TRUE(cache_.leases().empty());
}

}  // namespace
}  // namespace ballast::driver
