#include "base/unix_listener.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include <semaphore>
#include <vector>

namespace ballast {
namespace {

class UnixListenerTest : public testing::Test {
 protected:
  UnixListenerTest() : path_(testing::TempDir() + "/ballast-listener." + std::to_string(::getpid())) {}

  void Start() {
    auto listener = UnixListener::Start(path_, 0600, [this](UniqueFd connection) {
      connections_.push_back(std::move(connection));
      accepted_.release();
    });
    ASSERT_TRUE(listener.ok()) << listener.status();
    listener_ = *std::move(listener);
  }
  static UniqueFd Socket() { return UniqueFd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)); }
  bool Connect(const UniqueFd& socket) const {
    sockaddr_un address{.sun_family = AF_UNIX, .sun_path = {}};
    path_.copy(address.sun_path, sizeof address.sun_path - 1);
    return ::connect(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
  }

  const std::string path_;
  std::counting_semaphore<> accepted_{0};
  std::vector<UniqueFd> connections_;  // of the listener's thread, until accepted_ says so
  std::unique_ptr<UnixListener> listener_;
};

TEST_F(UnixListenerTest, HandsOverConnectionsAndRemovesItsFile) {
  Start();
  struct stat info {};
  ASSERT_EQ(::stat(path_.c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777, 0600U);
  const UniqueFd client = Socket();
  ASSERT_TRUE(Connect(client));
  accepted_.acquire();
  EXPECT_EQ(::write(client.get(), "x", 1), 1);
  char byte = 0;
  while (::read(connections_[0].get(), &byte, 1) < 0 && errno == EAGAIN) {
  }
  EXPECT_EQ(byte, 'x');
  listener_.reset();
  EXPECT_NE(::stat(path_.c_str(), &info), 0);
}

TEST_F(UnixListenerTest, AfterAShortageOfDescriptorsItGoesOn) {
  Start();
  rlimit before{};
  ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &before), 0);
  rlimit low = before;
  low.rlim_cur = 64;
  const UniqueFd client = Socket();
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &low), 0);
  std::vector<UniqueFd> all;
  for (UniqueFd more = Socket(); more.valid(); more = Socket()) all.push_back(std::move(more));
  EXPECT_TRUE(Connect(client));  // it waits in the queue
  EXPECT_FALSE(accepted_.try_acquire());
  all.clear();
  accepted_.acquire();
  EXPECT_EQ(connections_.size(), 1U);
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &before), 0);
}

TEST_F(UnixListenerTest, TakesThePlaceOfASocketThatNobodyListensOnAndOfNothingElse) {
  Start();
  EXPECT_TRUE(SomebodyListens(path_).ok());
  const auto second = UnixListener::Start(path_, 0600, [](UniqueFd) {});
  EXPECT_EQ(second.status().code(), StatusCode::kFailedPrecondition);
  EXPECT_THAT(second.status().message(), testing::HasSubstr("another program listens on " + path_));
  const std::string stale = path_ + ".stale";
  ASSERT_EQ(::rename(path_.c_str(), stale.c_str()), 0);
  listener_.reset();
  EXPECT_EQ(SomebodyListens(stale).code(), StatusCode::kUnavailable);
  EXPECT_TRUE(UnixListener::Start(stale, 0600, [](UniqueFd) {}).ok());
  const UniqueFd file(::open(path_.c_str(), O_CREAT | O_WRONLY | O_CLOEXEC, 0600));
  EXPECT_EQ(UnixListener::Start(path_, 0600, [](UniqueFd) {}).status().code(), StatusCode::kFailedPrecondition);
  EXPECT_EQ(::unlink(path_.c_str()), 0);
  EXPECT_EQ(SomebodyListens(path_).code(), StatusCode::kNotFound);
}

TEST_F(UnixListenerTest, SaysWhereItCannotListen) {
  const auto nowhere = UnixListener::Start("/no/such/folder/s", 0600, [](UniqueFd) {});
  EXPECT_EQ(nowhere.status().code(), StatusCode::kNotFound);
  EXPECT_THAT(nowhere.status().message(), testing::HasSubstr("/no/such/folder"));
  EXPECT_EQ(UnixListener::Start("/" + std::string(200, 'x'), 0600, [](UniqueFd) {}).status().code(),
            StatusCode::kInvalidArgument);
}

}  // namespace
}  // namespace ballast
