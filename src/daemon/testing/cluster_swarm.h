// Several daemons of one cluster in one process: an apiserver in memory with a CacheNode for each and the
// EndpointSlices of their pods, an operator that issues certificates, one origin that can be off.
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "api/cache_node.h"
#include "base/testing/temp_dir.h"
#include "daemon/cluster/endpoints.h"
#include "daemon/testing/fake_operator.h"
#include "daemon/testing/service_fixture.h"
#include "daemon/testing/swarm_fixture.h"
#include "kube/testing/fake_kube_client.h"

namespace ballast {

class ClusterSwarm : public ::testing::Test {
 protected:
  ClusterSwarm();
  // Before the members of a derived fixture go: daemons may be using them.
  void TearDown() override;

  SwarmDaemon& Add(const std::string& name);
  // One that was killed; at the ports that it had.
  void Restart(SwarmDaemon& node);
  // The endpoints of all that run.
  void WriteSlices();
  // A pinned entry of the model.
  CacheEntry Entry() const;
  void WriteEntries(const std::string& node, const std::vector<CacheEntry>& entries);
  CacheNodeStatus StatusOf(const std::string& node);
  void AwaitReady(const std::string& node);
  void AwaitCertificate(const std::string& node, ConditionStatus status);
  static void WaitUntil(const std::function<bool()>& condition);

  const TempDir root_;
  RealClock clock_;
  const TestCluster cluster_{clock_.Now()};
  const std::string weights_ = Weights(4 * kMiB);
  SwitchedOrigin origin_;
  std::string commit_;
  FakeKubeClient kube_{clock_};
  FakeOperator operator_{cluster_};
  Duration enter_within_ = std::chrono::seconds(30);
  bool guard_metrics_ = false;  // of daemons that are added; WriteSlices() can't see theirs
  std::vector<std::unique_ptr<SwarmDaemon>> nodes_;

 private:
  void StartDaemon(SwarmDaemon& node);
};

}  // namespace ballast
