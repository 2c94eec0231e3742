#include "csi/unix_socket.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <cstring>
#include <fstream>

#include "base/unique_fd.h"
#include "csi/testing/temp_dir.h"

namespace ballast::driver {
namespace {

UniqueFd Listen(const std::string& path) {
  UniqueFd fd(::socket(AF_UNIX, SOCK_STREAM, 0));
  sockaddr_un address{.sun_family = AF_UNIX, .sun_path = {}};
  std::memcpy(address.sun_path, path.data(), path.size());
  EXPECT_EQ(::bind(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
  EXPECT_EQ(::listen(fd.get(), 1), 0);
  return fd;
}

TEST(UnixSocketTest, ReadsEndpoints) {
  EXPECT_EQ(*SocketPath("unix:///a/b"), "/a/b");
  EXPECT_EQ(*SocketPath("unix:/a/b"), "/a/b");
  EXPECT_EQ(*SocketPath("/a/b"), "/a/b");
  for (const std::string& bad : {std::string("tcp://1.2.3.4:1"), std::string("unix://a/b"), std::string("a"),
                                 std::string(""), "/" + std::string(107, 'x')}) {
    EXPECT_EQ(SocketPath(bad).status().code(), StatusCode::kInvalidArgument) << bad;
  }
}

TEST(UnixSocketTest, AStaleSocketIsRemovedAndALiveOneIsNot) {
  const TempDir dir;
  const std::string path = dir.Path("s");
  {
    const UniqueFd listener = Listen(path);
    EXPECT_EQ(ClaimSocket(path).code(), StatusCode::kAlreadyExists);
    EXPECT_TRUE(SomebodyListens(path).ok());
  }
  EXPECT_FALSE(SomebodyListens(path).ok());
  EXPECT_EQ(ClaimSocket(path), OkStatus());
  EXPECT_FALSE(std::filesystem::exists(path));
}

TEST(UnixSocketTest, MakesOneDirectoryAndLeavesFilesAlone) {
  const TempDir dir;
  EXPECT_EQ(ClaimSocket(dir.Path("new/s")), OkStatus());
  EXPECT_TRUE(std::filesystem::is_directory(dir.Path("new")));
  EXPECT_FALSE(ClaimSocket(dir.Path("no/such/s")).ok());
  std::ofstream(dir.Path("file")) << "x";
  EXPECT_EQ(ClaimSocket(dir.Path("file")).code(), StatusCode::kAlreadyExists);
  EXPECT_TRUE(std::filesystem::exists(dir.Path("file")));
}

TEST(UnixSocketTest, ALockIsOnesUntilItIsClosed) {
  const TempDir dir;
  const std::string path = dir.Path("new/s");
  {
    const auto first = LockSocket(path);
    ASSERT_TRUE(first.ok()) << first.status();
    const Status second = LockSocket(path).status();
    EXPECT_EQ(second.code(), StatusCode::kAlreadyExists);
    EXPECT_THAT(second.message(), testing::HasSubstr("another ballast-csi serves"));
  }
  EXPECT_TRUE(LockSocket(path).ok());
}

}  // namespace
}  // namespace ballast::driver
