// Everything that a node in Kubernetes has beside its cache: its CacheNode, the members of its swarm, its certificate,
// events.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "base/clock.h"
#include "daemon/cluster/certificate_keeper.h"
#include "daemon/cluster/cluster_node.h"
#include "daemon/cluster/domain_origins.h"
#include "daemon/cluster/kube_pod_events.h"
#include "daemon/cluster/operator_client.h"
#include "daemon/cluster/slice_membership.h"
#include "daemon/config.h"

namespace ballast {

// Thread-safe.
class Cluster {
 public:
  // All that is referred to outlives it.
  struct Parts {
    const DaemonConfig& config;  // with `kubernetes`
    KubeClient& kube;
    const Clock& clock;
    MakeOperatorClient operator_client;
    prometheus::Registry& registry;
    Duration upkeep;
    std::function<void(const CacheNodeSpec&)> follow;  // from Start() to Stop(), like `look`
    std::function<NodeFindings(const CacheNodeSpec&)> look;
  };
  // Members and certificate are looked after when it returns. InvalidArgument: no name or no address of this node.
  static Result<std::unique_ptr<Cluster>> Make(Parts parts);

  // Follows the CacheNode, beginning with the last one on disk.
  void Start();
  // Nothing is followed or looked at any more; who waits for admission is told.
  void Stop();

  Membership& membership() { return *members_; }
  bool Listed() const { return members_->Listed(); }
  Admissions& admissions() { return *node_; }
  PodEvents& events() { return *events_; }
  // With the token of the request's domain.
  Result<Origin*> OriginOf(const ModelRequest& request) { return origins_->Select(request); }
  std::shared_ptr<const CacheNode> Current() const { return node_->Current(); }
  // Null: there is no valid one (yet), or no swarm here that would need one.
  std::shared_ptr<const Credentials> OwnCertificate() const {
    return certificate_ ? certificate_->credentials() : nullptr;
  }
  // An event of this node: what was evicted, and why.
  void Evicted(const std::string& what);
  // A download began or ended.
  void Wake() { node_->Wake(); }

 private:
  explicit Cluster(Parts parts) : parts_(std::move(parts)) {}
  void MakeNode();
  void KeepCertificate();
  void Follow(const CacheNodeSpec& spec) const;
  NodeFindings Look(const CacheNodeSpec& spec) const;

  const Parts parts_;
  // In the order of their start; destroyed the other way round.
  std::unique_ptr<EventRecorder> recorder_;
  std::unique_ptr<KubePodEvents> events_;
  std::unique_ptr<SliceMembership> members_;
  std::unique_ptr<OperatorClient> operator_;
  std::unique_ptr<DomainTokens> tokens_;
  std::unique_ptr<DomainOrigins> origins_;
  std::unique_ptr<ClusterNode> node_;
  std::unique_ptr<CertificateKeeper> certificate_;  // null: there is no swarm here
};

}  // namespace ballast
