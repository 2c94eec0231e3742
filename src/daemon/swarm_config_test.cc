#include "daemon/swarm_config.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>

#include "base/testing/temp_dir.h"
#include "daemon/config.h"

namespace ballast {
namespace {

constexpr char kTls[] = "  tls: {ca: /a, certificate: /b, key: /c}\n";

Result<DaemonConfig> Parse(const std::string& swarm) { return ParseConfig("swarm:\n" + swarm, "b.yaml"); }

std::string ErrorOf(const std::string& swarm) {
  const auto config = Parse(swarm);
  return config.ok() ? "it was accepted" : config.status().message();
}

TEST(SwarmConfigTest, EveryKeyIsRead) {
  const SwarmConfig swarm = *Parse(
                                 "  listen: {address: \"::\", controlPort: 1, dataPort: 2}\n"
                                 "  originFetchers: 5\n"
                                 "  members: [{name: n1, host: 10.0.0.1, zone: a, controlPort: 3, dataPort: 4}]\n" +
                                 std::string(kTls))
                                 .value()
                                 .swarm;
  EXPECT_EQ(swarm.listen.address, "::");
  EXPECT_EQ(swarm.listen.control_port, 1);
  EXPECT_EQ(swarm.listen.data_port, 2);
  const Member n1{.name = "n1", .zone = "a", .host = "10.0.0.1", .control_port = 3, .data_port = 4};
  EXPECT_EQ(swarm.members, std::vector<Member>{n1});
  EXPECT_EQ(swarm.tls.ca, "/a");
  EXPECT_EQ(swarm.tls.certificate, "/b");
  EXPECT_EQ(swarm.tls.key, "/c");
  EXPECT_FALSE(swarm.plaintext);
  EXPECT_EQ(swarm.origin_fetchers, 5);
}

TEST(SwarmConfigTest, AMemberIsReachedByItsNameAtTheUsualPorts) {
  const SwarmConfig swarm = *Parse("  members: [{name: n1.example}]\n  plaintext: true\n").value().swarm;
  const Member n1{.name = "n1.example", .host = "n1.example", .control_port = 7070, .data_port = 7071};
  EXPECT_EQ(swarm.members, std::vector<Member>{n1});
  EXPECT_TRUE(swarm.plaintext);
}

TEST(SwarmConfigTest, MembersMayComeFromDnsOrAFile) {
  const SwarmConfig dns =
      *Parse("  dns: {name: swarm.example, self: 10.0.0.1, interval: 3s}\n" + std::string(kTls)).value().swarm;
  EXPECT_EQ(dns.dns.name, "swarm.example");
  EXPECT_EQ(dns.dns.self, "10.0.0.1");
  EXPECT_EQ(dns.dns.interval, std::chrono::seconds(3));
  EXPECT_EQ(Parse("  membersFile: /m.yaml\n" + std::string(kTls)).value().swarm->members_file, "/m.yaml");
}

// The text is the interface.
TEST(SwarmConfigTest, ErrorsNameTheKeyAndTheRemedy) {
  EXPECT_EQ(ErrorOf(kTls),
            "b.yaml:2: swarm.members: is missing: a swarm needs its nodes, as members, membersFile or dns");
  EXPECT_EQ(ErrorOf("  members: [{name: a}]\n  membersFile: /m\n" + std::string(kTls)),
            "b.yaml:2: swarm.members: only one of members, membersFile and dns says who is in the swarm");
  EXPECT_EQ(ErrorOf("  originFetchers: 0\n" + std::string(kTls)),
            "b.yaml:2: swarm.originFetchers: must be a whole number from 1 to 1000, not \"0\"");
  EXPECT_EQ(ErrorOf("  members: []\n" + std::string(kTls)),
            "b.yaml:2: swarm.members: names nobody; this node is one, too");
  EXPECT_EQ(ErrorOf("  members: [{name: a}]\n"),
            "b.yaml:2: swarm.tls: is missing: name ca, certificate and key (`ballast certs` makes them), or say "
            "plaintext: true where everybody who reaches these ports may be believed");
  EXPECT_EQ(ErrorOf("  members: [{name: a}]\n  plaintext: true\n" + std::string(kTls)),
            "b.yaml:3: swarm.plaintext: is true, and tls is set: remove one of them");
  EXPECT_EQ(ErrorOf("  members: [{name: a}]\n  tls: {ca: /a, key: /k}\n"),
            "b.yaml:3: swarm.tls.certificate: is missing");
  EXPECT_EQ(ErrorOf("  members: [{name: a}]\n  tls: {ca: a, certificate: /c, key: /k}\n"),
            "b.yaml:3: swarm.tls.ca: \"a\" must be an absolute path");
  EXPECT_EQ(ErrorOf("  listen: {address: localhost}\n"),
            "b.yaml:2: swarm.listen.address: \"localhost\" is no address; write 0.0.0.0, :: or one of this node");
  EXPECT_EQ(ErrorOf("  listen: {controlPort: 7071}\n"),
            "b.yaml:2: swarm.listen.dataPort: must be another than controlPort");
  EXPECT_THAT(ErrorOf("  members: [{name: a}, {name: a, host: b}]\n"),
              ::testing::StartsWith("b.yaml:2: swarm.members: "));
  EXPECT_THAT(ErrorOf("  members: [{name: A_}]\n"), ::testing::StartsWith("b.yaml:2: swarm.members[0].name: "));
  EXPECT_THAT(ErrorOf("  members: [{name: a, host: 169.254.1.1}]\n"),
              ::testing::StartsWith("b.yaml:2: swarm.members[0].name: "));
  EXPECT_EQ(ErrorOf("  dns: {name: a}\n"), "b.yaml:2: swarm.dns.self: is missing");
  EXPECT_THAT(ErrorOf("  dns: {name: a, self: here}\n"), ::testing::StartsWith("b.yaml:2: swarm.dns.self: "));
  EXPECT_EQ(ErrorOf("  membersFile: m\n"), "b.yaml:2: swarm.membersFile: \"m\" must be an absolute path");
}

TEST(SwarmConfigTest, WithDnsANodeIsCalledByItsAddress) {
  const std::string swarm = "swarm: {dns: {name: a, self: 10.0.0.7}, plaintext: true}\n";
  EXPECT_TRUE(ParseConfig("node: 10.0.0.7\n" + swarm, "b.yaml").ok());
  EXPECT_EQ(ParseConfig("node: n7\n" + swarm, "b.yaml").status().message(),
            "b.yaml:1: node: must be \"10.0.0.7\", or be left out: with swarm.dns a node's name is its address");
}

TEST(SwarmConfigTest, AMembersFileIsTheSameList) {
  const TempDir dir;
  const std::string file = dir.path() + "/members.yaml";
  std::ofstream(file) << "members:\n- {name: n2, zone: b}\n- {name: n1}\n";
  const std::vector<Member> members = LoadMembers(file).value();
  ASSERT_EQ(members.size(), 2U);
  EXPECT_EQ(members[0].zone, "b");
  EXPECT_EQ(members[1].host, "n1");
  EXPECT_EQ(ParseMembers("members: []\n", "m").status().message(), "m:1: members: names nobody");
  EXPECT_EQ(ParseMembers("", "m").status().message(), "m: must be one document, with members");
  EXPECT_FALSE(ParseMembers("nodes: [{name: a}]\n", "m").ok());
  EXPECT_EQ(LoadMembers(dir.path() + "/none").status().code(), StatusCode::kNotFound);
}

}  // namespace
}  // namespace ballast
