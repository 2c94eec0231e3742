// Members of the swarm, and addresses of the operator, from EndpointSlices: one watch.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/mutex.h"
#include "daemon/cluster/endpoints.h"
#include "kube/informer.h"
#include "swarm/member_board.h"

namespace ballast {

// Thread-safe. While the apiserver does not answer, the last list stays; the one on disk is where a new start begins.
class SliceMembership final : public Membership {
 public:
  struct Parts {
    KubeClient& kube;  // outlives it
    std::string ns;    // of the release
    Member self;       // without zone
    std::string file;
    InformerOptions informer;
  };
  // InvalidArgument: `self` can be no member.
  static Result<std::unique_ptr<SliceMembership>> Start(Parts parts);

  const std::string& self() const override { return board_.self(); }
  MemberListPtr Current() const override { return board_.Current(); }
  MembershipWatch Watch(Callback callback) override { return board_.Watch(std::move(callback)); }

  std::vector<IssuerAddress> Operators() const;
  // Keeps the list on disk where it is another than there. Meant to be called every few seconds: a list that changes a
  // hundred times while a cluster grows is not written as often.
  void Save();

 private:
  SliceMembership(Parts parts, MemberListPtr first, ClusterEndpoints known);
  void Read();

  const Parts parts_;
  MemberBoard board_;
  mutable Mutex mutex_;
  ClusterEndpoints now_ GUARDED_BY(mutex_);
  std::string saved_ GUARDED_BY(mutex_);
  Informer informer_;  // last: its thread uses the rest
};

}  // namespace ballast
