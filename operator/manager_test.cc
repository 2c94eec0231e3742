#include "operator/manager.h"

#include <arpa/inet.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <prometheus/registry.h>
#include <sys/socket.h>

#include <latch>

#include "base/mutex.h"
#include "base/strings.h"
#include "base/testing/fake_clock.h"
#include "base/unique_fd.h"
#include "operator/testing/cluster.h"

namespace ballast::controller {
namespace {

using std::chrono::seconds;

// What the tasks of all managers said, in order.
class Diary {
 public:
  void Write(const std::string& line) {
    MutexLock lock(mutex_);
    lines_.push_back(line);
    changed_.NotifyAll();
  }
  std::vector<std::string> Await(size_t count) {
    MutexLock lock(mutex_);
    while (lines_.size() < count) changed_.Wait(mutex_);
    return lines_;
  }

 private:
  Mutex mutex_;
  CondVar changed_;
  std::vector<std::string> lines_ GUARDED_BY(mutex_);
};

class DiaryTask final : public LeaderTask {
 public:
  DiaryTask(Diary& diary, std::string name) : diary_(diary), name_(std::move(name)) {}
  ~DiaryTask() override { diary_.Write(name_ + " is gone"); }
  void Run(const std::stop_token& lost) override {
    diary_.Write(name_ + " leads");
    RealPause()(std::chrono::hours(1), lost);
  }

 private:
  Diary& diary_;
  const std::string name_;
};

class ManagerTest : public testing::Test {
 protected:
  ManagerTest() { ServeCluster(client_); }

  // Time passes while the one that `moves_time` pauses: were it two, a leader that gets no CPU would lose its lease.
  std::unique_ptr<Manager> Start(const std::string& name, bool moves_time = true) {
    ManagerOptions options{.ns = "ballast-system", .pod = name, .identity = name};
    options.config.http.address = "127.0.0.1:0";
    options.pause = [this, moves_time](Duration wait, const std::stop_token& stop) {
      if (moves_time) clock_.Advance(wait);
      RealPause()(std::chrono::milliseconds(1), stop);
    };
    const auto task = [this, name](const LeaderContext&) { return std::make_unique<DiaryTask>(diary_, name); };
    return *Manager::Start({client_, clock_, registry_}, options, {task});
  }

  FakeClock clock_;
  FakeKubeClient client_{clock_};
  prometheus::Registry registry_;
  Diary diary_;
};

TEST_F(ManagerTest, OneOfTwoLeadsAndTheOtherFollowsWhenItEnds) {
  auto first = Start("first");
  EXPECT_EQ(diary_.Await(1).back(), "first leads");
  auto second = Start("second", /*moves_time=*/false);
  ASSERT_TRUE(second->view().AwaitSync({}));
  EXPECT_TRUE(second->IsReady()) << "it is ready to take over";
  EXPECT_FALSE(second->IsLeader());
  EXPECT_NE(first->http_port(), 0);
  first.reset();
  EXPECT_EQ(diary_.Await(3), (std::vector<std::string>{"first leads", "first is gone", "second leads"}));
}

TEST_F(ManagerTest, ItIsReadyWhenAllOfItIs) {
  bool issues = false;
  ManagerOptions options{.ns = "ballast-system", .pod = "one", .identity = "one"};
  options.config.http.address = "";
  options.also_ready = [&] { return issues; };
  const auto manager = *Manager::Start({client_, clock_, registry_}, options, {});
  ASSERT_TRUE(manager->view().AwaitSync({}));
  EXPECT_FALSE(manager->IsReady());
  issues = true;
  EXPECT_TRUE(manager->IsReady());
}

std::string Get(uint16_t port, const std::string& path) {
  const UniqueFd fd(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in address{.sin_family = AF_INET, .sin_port = htons(port), .sin_addr = {htonl(INADDR_LOOPBACK)}};
  EXPECT_EQ(::connect(fd.get(), reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
  const std::string request = StrCat("GET ", path, " HTTP/1.0\r\nAuthorization: Bearer t\r\n\r\n");
  EXPECT_EQ(::send(fd.get(), request.data(), request.size(), MSG_NOSIGNAL), static_cast<ssize_t>(request.size()));
  std::string answer;
  std::array<char, 4096> block{};
  for (ssize_t n; (n = ::recv(fd.get(), block.data(), block.size(), 0)) > 0;)
    answer.append(block.data(), static_cast<size_t>(n));
  return answer;
}

// How they are guarded is tested beside the guard (src/review); here, that they are.
TEST_F(ManagerTest, MetricsAreOpenUnlessTheyAreGuarded) {
  for (const bool guarded : {false, true}) {
    ManagerOptions options{.ns = "ballast-system", .pod = "one", .identity = "one"};
    options.config.http.address = "127.0.0.1:0";
    options.config.guard_metrics = guarded;
    const auto manager = *Manager::Start({client_, clock_, registry_}, options, {});
    ASSERT_TRUE(manager->view().AwaitSync({}));
    EXPECT_THAT(Get(manager->http_port(), "/metrics"), testing::StartsWith(guarded ? "HTTP/1.0 403" : "HTTP/1.0 200"));
    EXPECT_THAT(Get(manager->http_port(), "/healthz"), testing::StartsWith("HTTP/1.0 200"));
    EXPECT_THAT(Get(manager->http_port(), "/readyz"), testing::StartsWith("HTTP/1.0 200"));
  }
}

TEST_F(ManagerTest, WhatItWaitsForIsSaidToWhoAsksWhetherItIsReady) {
  client_.Forbid(KubeVerb::kList, kVolumes);
  std::latch tried(1);
  ManagerOptions options{.ns = "ballast-system", .pod = "one", .identity = "one"};
  options.config.http.address = "127.0.0.1:0";
  options.pause = [&](Duration, const std::stop_token& stop) {
    if (!tried.try_wait()) tried.count_down();
    RealPause()(std::chrono::hours(1), stop);
  };
  const auto manager = *Manager::Start({client_, clock_, registry_}, options, {});
  tried.wait();
  const std::string answer = Get(manager->http_port(), "/readyz");
  EXPECT_THAT(answer, testing::StartsWith("HTTP/1.0 503"));
  EXPECT_THAT(answer, testing::HasSubstr("persistentvolumes can't be listed: PERMISSION_DENIED\n"));
}

TEST(StartingTextTest, NamesKindsAndCodesAndNobody) {
  EXPECT_EQ(StartingText({}), "starting\n");
  EXPECT_EQ(StartingText({{"nodes", OkStatus()}, {"cachenodes.ballast.dev", NotFound("at https://10.0.0.1")}}),
            "starting\nnodes is being listed\ncachenodes.ballast.dev can't be listed: NOT_FOUND\n");
}

TEST_F(ManagerTest, WhoLosesTheLeaseDropsEverythingAndBeginsAnew) {
  auto manager = Start("one");
  diary_.Await(1);
  client_.FailNext(KubeVerb::kUpdate, Unavailable("apiserver is away"), 20);
  EXPECT_EQ(diary_.Await(3), (std::vector<std::string>{"one leads", "one is gone", "one leads"}));
}

}  // namespace
}  // namespace ballast::controller
