#include "csi/unix_socket.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "csi/testing/temp_dir.h"

namespace ballast::driver {
namespace {

TEST(UnixSocketTest, ReadsEndpoints) {
  EXPECT_EQ(*SocketPath("unix:///a/b"), "/a/b");
  EXPECT_EQ(*SocketPath("unix:/a/b"), "/a/b");
  EXPECT_EQ(*SocketPath("/a/b"), "/a/b");
  for (const std::string& bad : {std::string("tcp://1.2.3.4:1"), std::string("unix://a/b"), std::string("a"),
                                 std::string(""), "/" + std::string(107, 'x')}) {
    EXPECT_EQ(SocketPath(bad).status().code(), StatusCode::kInvalidArgument) << bad;
  }
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
