// Daemons that find each other by EndpointSlices and know each other by certificates of the operator.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>

#include "daemon/testing/cluster_swarm.h"

namespace ballast {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;

using SwarmInClusterTest = ClusterSwarm;

TEST_F(SwarmInClusterTest, NodesFindEachOtherAndFetchOneCopy) {
  for (const char* name : {"n1", "n2", "n3"}) Add(name);
  WriteSlices();
  for (const auto& node : nodes_) WriteEntries(node->name, {});
  for (const auto& node : nodes_) AwaitCertificate(node->name, ConditionStatus::kTrue);
  for (const auto& node : nodes_) WriteEntries(node->name, {Entry()});
  for (const auto& node : nodes_) AwaitReady(node->name);
  EXPECT_LE(origin_.real().bytes_delivered(), (weights_.size() + 2) * 5 / 4);
  EXPECT_EQ(operator_.issued(), 3);
  EXPECT_EQ(fs::status(root_.path() + "/n1/identity").permissions(), fs::perms::owner_all);
}

TEST_F(SwarmInClusterTest, WithoutACertificateTheSwarmIsOffAndTheOriginOn) {
  operator_.Answer(Unavailable("nobody is there"));
  Add("n1");
  WriteSlices();
  WriteEntries("n1", {Entry()});
  AwaitReady("n1");
  const CacheNodeStatus status = StatusOf("n1");
  const Condition& condition = *FindCondition(status.conditions, ConditionType::kCertificateReady);
  EXPECT_EQ(condition.status, ConditionStatus::kFalse);
  EXPECT_EQ(condition.reason, "NoCertificate");
  operator_.Answer(OkStatus());
  AwaitCertificate("n1", ConditionStatus::kTrue);
}

TEST_F(SwarmInClusterTest, ANodeThatIsRestartedWithoutAnApiserverStillFindsItsPeers) {
  Add("n1");
  SwarmDaemon& node = Add("n2");
  WriteSlices();
  for (const char* name : {"n1", "n2"}) WriteEntries(name, {});
  for (const char* name : {"n1", "n2"}) AwaitCertificate(name, ConditionStatus::kTrue);
  WriteEntries("n1", {Entry()});
  AwaitReady("n1");
  WriteEntries("n2", {Entry()});
  AwaitReady("n2");
  const std::string members = root_.path() + "/n2/members.json";
  WaitUntil([&] { return fs::exists(members); });
  node.Kill();
  for (const char* part : {"blobs", "manifests", "resolutions.json", "domains.json", "views", "pieces"})
    fs::remove_all(root_.path() + "/n2/" + part);
  origin_.TurnOff();
  kube_.FailNext(KubeVerb::kList, Unavailable("the apiserver is down"), 1000);
  Restart(node);
  const std::string blob = root_.path() + "/n2/blobs/sha256/" + Digest::Of(weights_).Hex();
  WaitUntil([&] { return fs::exists(blob); });
}

}  // namespace
}  // namespace ballast
