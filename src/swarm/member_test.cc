#include "swarm/member.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>

#include "swarm/testing/members.h"

namespace ballast {
namespace {

using testing::AllOf;
using testing::HasSubstr;

Result<Member> CheckedHostOf(std::string host) {
  Member member = TestMember(7);
  member.host = std::move(host);
  return CheckedMember(member);
}

TEST(MemberTest, AGoodOneStaysAsItIs) {
  const Member member = TestMember(7, "eu-west-1a");
  const auto checked = CheckedMember(member);
  ASSERT_TRUE(checked.ok()) << checked.status();
  EXPECT_EQ(*checked, member);
}

TEST(MemberTest, HostsAreWrittenInOneWay) {
  const std::vector<std::pair<std::string, std::string>> cases = {{"Node-7.Example.COM", "node-7.example.com"},
                                                                  {"FD00:0:0::0007", "fd00::7"},
                                                                  {"::1", "::1"},
                                                                  {"127.0.0.1", "127.0.0.1"},
                                                                  {"localhost", "localhost"},
                                                                  {"169.253.1.1", "169.253.1.1"}};
  for (const auto& [given, written] : cases) {
    const auto checked = CheckedHostOf(given);
    ASSERT_TRUE(checked.ok()) << checked.status();
    EXPECT_EQ(checked->host, written);
  }
}

TEST(MemberTest, AddressesWhereNoNodeIsAreRefused) {
  for (const std::string host : {"0.0.0.0", "255.255.255.255", "224.0.0.1", "169.254.169.254", "::", "ff02::1",
                                 "fe80::1", "::ffff:169.254.169.254"}) {
    const Status status = CheckedHostOf(host).status();
    EXPECT_EQ(status.code(), StatusCode::kInvalidArgument) << host;
    EXPECT_THAT(status.message(), AllOf(HasSubstr("node node-7: host \"" + host + "\""), HasSubstr("link-local")));
  }
}

TEST(MemberTest, WhatIsNoHostIsRefused) {
  for (const std::string& host :
       {std::string(), std::string("[::1]"), std::string("fe80::1%eth0"), std::string("10.0.0.256"),
        std::string("10.0.0"), std::string("2130706433"), std::string("a b"), std::string("node:80"),
        std::string("10.0.0.1\0.example", 17), std::string("user@node"), std::string("node/")}) {
    const Status status = CheckedHostOf(host).status();
    EXPECT_EQ(status.code(), StatusCode::kInvalidArgument) << Quoted(host);
    EXPECT_THAT(status.message(), HasSubstr("neither an IP address"));
  }
}

TEST(MemberTest, BadNamesZonesAndPortsAreNamed) {
  const std::vector<std::pair<std::function<void(Member&)>, std::string>> cases = {
      {[](Member& m) { m.name = "Node_7"; }, "\"Node_7\" is not a node name"},
      {[](Member& m) { m.zone = "a b"; }, "node node-7: zone \"a b\""},
      {[](Member& m) { m.zone = "-a"; }, "zone \"-a\""},
      {[](Member& m) { m.zone = std::string(64, 'z'); }, "63 bytes at most"},
      {[](Member& m) { m.control_port = 0; }, "node node-7: control port and data port are between"},
      {[](Member& m) { m.data_port = 0; }, "node node-7: control port and data port are between"},
      {[](Member& m) { m.data_port = m.control_port; }, "are both 7070: they must differ"}};
  for (const auto& [spoil, text] : cases) {
    Member member = TestMember(7);
    spoil(member);
    const Status status = CheckedMember(member).status();
    EXPECT_EQ(status.code(), StatusCode::kInvalidArgument) << text;
    EXPECT_THAT(status.message(), HasSubstr(text));
  }
}

TEST(MemberTest, IsDescribedByNameAndAddress) {
  EXPECT_EQ(Describe(TestMember(7)), "node-7 (10.0.0.7, ports 7070 and 7071)");
}

}  // namespace
}  // namespace ballast
