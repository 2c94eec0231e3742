#include "daemon/metered_swarm.h"

#include <set>
#include <utility>

#include "base/mutex.h"

namespace ballast {
namespace {

class CountingListener final : public SwarmListener {
 public:
  CountingListener(SwarmListener& listener, DaemonMetrics& metrics) : listener_(listener), metrics_(metrics) {}
  void OnReply(const Reply& reply) override {
    for (const Assignment& assignment : reply.assignments) {
      if (assignment.hedge) metrics_.CountHedge();
    }
    metrics_.CountWithdrawn(reply.withdrawn.size());
    listener_.OnReply(reply);
  }

 private:
  SwarmListener& listener_;
  DaemonMetrics& metrics_;
};

class CountingSession final : public SwarmSession {
 public:
  CountingSession(Swarm& swarm, const Manifest& manifest, SwarmListener& listener, DaemonMetrics& metrics)
      : metrics_(metrics), listener_(listener, metrics), session_(swarm.Join(manifest, listener_)) {}
  void Send(Announce announce) override { session_->Send(std::move(announce)); }
  void Send(Next next) override {
    for (const Failed& failed : next.failed) {
      metrics_.CountFailedPieces(failed.reason, failed.count);
      if (failed.reason == FailureReason::kCorrupt) Distrusts(failed.source);
    }
    session_->Send(std::move(next));
  }

 private:
  // Reported with each piece that is not asked of it any more; counted once.
  void Distrusts(NodeId source) {
    MutexLock lock(mutex_);
    if (distrusted_.insert(source).second) metrics_.CountDistrusted();
  }

  DaemonMetrics& metrics_;
  Mutex mutex_;
  std::set<NodeId> distrusted_ GUARDED_BY(mutex_);
  CountingListener listener_;
  const std::unique_ptr<SwarmSession> session_;  // last: it calls the listener
};

}  // namespace

std::unique_ptr<SwarmSession> MeteredSwarm::Join(const Manifest& manifest, SwarmListener& listener) {
  return std::make_unique<CountingSession>(parts_.swarm, manifest, listener, parts_.metrics);
}

TransferCounts::Who MeteredSwarm::Whom(NodeId peer) const {
  const std::string name = parts_.swarm.NameOf(peer);
  const MemberListPtr members = parts_.membership.Current();
  const Member* const self = members->Find(parts_.membership.self());
  const Member* const other = members->Find(name);
  const std::string zone = other == nullptr ? "" : other->zone;
  return {self != nullptr && self->zone == zone ? SourceKind::kSameZone : SourceKind::kOtherZone, name, zone};
}

Status MeteredSwarm::ReadPiece(NodeId peer, const Digest& blob, ByteRange range, std::span<std::byte> into,
                               std::stop_token stop) {
  const TransferCounts::Who whom = Whom(peer);
  const TransferCounts::InFlight in_flight(parts_.counts, whom);
  RETURN_IF_ERROR(parts_.swarm.ReadPiece(peer, blob, range, into, std::move(stop)));
  in_flight.Received(into.size());
  parts_.metrics.CountBytes(whom.kind, into.size());
  return OkStatus();
}

}  // namespace ballast
