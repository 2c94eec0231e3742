#include "daemon/cluster/endpoints.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace ballast {
namespace {

const Member kSelf{.name = "n1", .host = "10.0.0.1", .control_port = 7070, .data_port = 7071};

Json Endpoint(const std::string& node, const std::string& address, const std::string& zone = "a") {
  return {{"addresses", {address}}, {"nodeName", node}, {"zone", zone}, {"conditions", {{"ready", true}}}};
}

Json Agents(const std::vector<Json>& endpoints, const std::string& type = "IPv4") {
  return {{"metadata", {{"labels", {{"kubernetes.io/service-name", "ballast-agents"}}}}},
          {"addressType", type},
          {"ports", {{{"name", "control"}, {"port", 7070}}, {{"name", "data"}, {"port", 7071}}}},
          {"endpoints", endpoints}};
}

std::vector<std::string> Names(const ClusterEndpoints& endpoints) {
  std::vector<std::string> names;
  for (const Member& member : endpoints.members) names.push_back(member.name + "@" + member.host);
  return names;
}

TEST(EndpointsTest, EachNodeIsAMemberWithItsZone) {
  const auto found =
      EndpointsOf({Agents({Endpoint("n2", "10.0.0.2", "b"), Endpoint("n1", "10.0.0.1")}), Json::object()}, kSelf);
  EXPECT_THAT(Names(found), testing::ElementsAre("n1@10.0.0.1", "n2@10.0.0.2"));
  EXPECT_EQ(found.members[0].zone, "a");
  EXPECT_EQ(found.members[1].zone, "b");
  EXPECT_EQ(found.members[1].control_port, 7070);
  EXPECT_EQ(found.members[1].data_port, 7071);
}

TEST(EndpointsTest, ThisNodeIsAMemberAlsoBeforeItsEndpointIsThere) {
  EXPECT_THAT(Names(EndpointsOf({}, kSelf)), testing::ElementsAre("n1@10.0.0.1"));
  const auto moved = EndpointsOf({Agents({Endpoint("n1", "10.9.9.9")})}, kSelf);
  EXPECT_THAT(Names(moved), testing::ElementsAre("n1@10.0.0.1")) << "an address of before";
}

TEST(EndpointsTest, OfAPodThatIsReplacedTheNewOneCounts) {
  Json old = Endpoint("n2", "10.0.0.2");
  old["conditions"] = {{"ready", false}, {"terminating", true}};
  Json next = Endpoint("n2", "10.0.0.3");
  next["conditions"] = {{"ready", false}};
  EXPECT_THAT(Names(EndpointsOf({Agents({old, next})}, kSelf)), testing::ElementsAre("n1@10.0.0.1", "n2@10.0.0.3"));
  EXPECT_THAT(Names(EndpointsOf({Agents({old})}, kSelf)), testing::ElementsAre("n1@10.0.0.1", "n2@10.0.0.2"))
      << "it still serves";
}

TEST(EndpointsTest, WithBothFamiliesIPv4Counts) {
  EXPECT_THAT(
      Names(EndpointsOf({Agents({Endpoint("n2", "fd00::2")}, "IPv6"), Agents({Endpoint("n2", "10.0.0.2")})}, kSelf)),
      testing::ElementsAre("n1@10.0.0.1", "n2@10.0.0.2"));
}

TEST(EndpointsTest, WhatCanBeNoMemberIsLeftOut) {
  const std::vector<Json> wrong = {Endpoint("", "10.0.0.5"),   Endpoint("n5", ""), Endpoint("n6", "169.254.169.254"),
                                   Endpoint("n7", "10.0.0.1"), Json("text"),       Json::object()};
  EXPECT_THAT(Names(EndpointsOf({Agents(wrong)}, kSelf)), testing::ElementsAre("n1@10.0.0.1"));
  Json no_ports = Agents({Endpoint("n2", "10.0.0.2")});
  no_ports.erase("ports");
  EXPECT_THAT(Names(EndpointsOf({no_ports}, kSelf)), testing::ElementsAre("n1@10.0.0.1"));
}

TEST(EndpointsTest, OperatorsAreThoseThatAreReady) {
  Json unready = Endpoint("n3", "10.0.0.9");
  unready["conditions"]["ready"] = false;
  const Json slice = {{"metadata", {{"labels", {{"kubernetes.io/service-name", "ballast-operator"}}}}},
                      {"ports", {{{"name", "grpc"}, {"port", 7080}}}},
                      {"endpoints", {Endpoint("n2", "10.0.0.8"), unready}}};
  const auto found = EndpointsOf({slice}, kSelf);
  ASSERT_EQ(found.operators.size(), 1U);
  EXPECT_EQ(found.operators[0].host, "10.0.0.8");
  EXPECT_EQ(found.operators[0].port, 7080);
}

TEST(EndpointsTest, WhatIsKeptIsReadAgain) {
  ClusterEndpoints endpoints = EndpointsOf({Agents({Endpoint("n2", "10.0.0.2")})}, kSelf);
  endpoints.operators = {{"10.0.0.8", 7080}};
  EXPECT_TRUE(*EndpointsFromJson(EndpointsToJson(endpoints)) == endpoints);
  for (const char* wrong : {"", "{}", "[]", R"({"version":2})", R"({"version":1,"members":[{}],"operators":[]})"})
    EXPECT_FALSE(EndpointsFromJson(wrong).ok()) << wrong;
}

}  // namespace
}  // namespace ballast
