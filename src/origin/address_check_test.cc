#include "origin/address_check.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <sys/un.h>

namespace ballast {
namespace {

TEST(PrivateRangeTest, NamesEveryRangeThatIsNotPublic) {
  const std::pair<const char*, const char*> cases[] = {
      {"127.0.0.1", "loopback"},
      {"127.255.255.254", "loopback"},
      {"0.0.0.0", "unspecified"},
      {"10.1.2.3", "private"},
      {"172.16.0.1", "private"},
      {"172.31.255.255", "private"},
      {"192.168.1.1", "private"},
      {"100.64.0.1", "private"},
      {"169.254.169.254", "link-local"},
      {"224.0.0.1", "multicast"},
      {"255.255.255.255", "reserved"},
      {"[::1]", "loopback"},
      {"::", "unspecified"},
      {"fe80::1", "link-local"},
      {"fd00:ec2::254", "private"},
      {"ff02::1", "multicast"},
      {"::ffff:127.0.0.1", "loopback"},
      {"::ffff:10.0.0.1", "private"},
      {"64:ff9b::a9fe:a9fe", "link-local"},
      {"2002:7f00:1::", "loopback"},
      {"::127.0.0.1", "loopback"},
  };
  for (const auto& [address, range] : cases) EXPECT_EQ(PrivateRangeOfLiteral(address), range) << address;
}

TEST(PrivateRangeTest, PublicAddressesAndNamesHaveNone) {
  for (const char* address : {"1.1.1.1", "172.32.0.1", "172.15.255.255", "100.128.0.1", "9.255.255.255", "11.0.0.0",
                              "2606:4700::1111", "64:ff9b::101:101", "2002:101:101::", "hub.example", "", "127.0.0"}) {
    EXPECT_EQ(PrivateRangeOfLiteral(address), "") << address;
  }
}

TEST(PrivateRangeTest, JudgesASocketAddress) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  inet_pton(AF_INET, "169.254.169.254", &address.sin_addr);
  EXPECT_EQ(PrivateRange(reinterpret_cast<sockaddr*>(&address)), "link-local");
  EXPECT_EQ(AddressText(reinterpret_cast<sockaddr*>(&address)), "169.254.169.254");
  sockaddr_un local{};
  local.sun_family = AF_UNIX;
  EXPECT_EQ(PrivateRange(reinterpret_cast<sockaddr*>(&local)), "not an IP address");
}

TEST(InCidrTest, ComparesBits) {
  EXPECT_TRUE(InCidr("10.200.3.4", "10.0.0.0/8"));
  EXPECT_FALSE(InCidr("11.0.0.1", "10.0.0.0/8"));
  EXPECT_TRUE(InCidr("192.168.1.129", "192.168.1.128/25"));
  EXPECT_FALSE(InCidr("192.168.1.127", "192.168.1.128/25"));
  EXPECT_TRUE(InCidr("fd00::1", "fd00::/8"));
  EXPECT_FALSE(InCidr("10.0.0.1", "fd00::/8"));
  EXPECT_TRUE(InCidr("1.2.3.4", "0.0.0.0/0"));
  EXPECT_FALSE(InCidr("hub.example", "0.0.0.0/0"));
  EXPECT_FALSE(InCidr("10.0.0.1", "10.0.0.0/33"));
  EXPECT_FALSE(InCidr("10.0.0.1", "10.0.0.1"));
}

}  // namespace
}  // namespace ballast
