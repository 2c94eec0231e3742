#include "daemon/unix_socket.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include <filesystem>

#include "base/unique_fd.h"

namespace ballast {
namespace {

using ::testing::HasSubstr;

class UnixSocketTest : public ::testing::Test {
 protected:
  UnixSocketTest() {
    std::string name = "/tmp/ballast-socket-XXXXXX";
    folder_ = mkdtemp(name.data());
    path_ = folder_ + "/s";
  }
  ~UnixSocketTest() override { std::filesystem::remove_all(folder_); }

  UniqueFd Listen() const {
    UniqueFd fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    sockaddr_un address{.sun_family = AF_UNIX};
    path_.copy(address.sun_path, sizeof address.sun_path - 1);
    EXPECT_EQ(::bind(fd.get(), reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
    EXPECT_EQ(::listen(fd.get(), 1), 0);
    return fd;
  }

  std::string folder_;
  std::string path_;
};

TEST_F(UnixSocketTest, SetsTheModeAndRefusesAnUnknownGroup) {
  const UniqueFd listener = Listen();
  ASSERT_TRUE(SetSocketAccess(path_, 0600, "").ok());
  struct stat info {};
  ASSERT_EQ(::stat(path_.c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 07777, 0600U);
  EXPECT_THAT(SetSocketAccess(path_, 0660, "no-such-group").message(), HasSubstr("no group \"no-such-group\""));
}

}  // namespace
}  // namespace ballast
