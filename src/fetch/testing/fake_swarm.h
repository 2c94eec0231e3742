// A swarm in memory for one download: nodes that have every file, and a coordinator that says who sends which piece.
#pragma once

#include <condition_variable>
#include <functional>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "base/mutex.h"
#include "fetch/testing/fake_coordinator.h"
#include "swarm/swarm.h"

namespace ballast {

// What happens to one piece.
struct FakePiece {
  Status status;                                       // not OK: nothing comes
  bool hang = false;                                   // until stop is requested
  std::chrono::milliseconds wait{0};                   // or stop
  std::function<void(std::span<std::byte>)> damage{};  // done to the bytes
};

// Thread-safe. Outlives its sessions.
class FakeSwarm final : public Swarm {
 public:
  struct Request {
    NodeId node;
    Digest blob;
    ByteRange range;
  };
  using Script = std::function<FakePiece(const Request&, int nth)>;  // under the lock, one by one; nth from 0

  // Pieces are of `piece_size`. `files` by path, as the source has them.
  FakeSwarm(const std::map<std::string, std::string>& files, uint32_t piece_size, FakeCoordinator::Options options);
  ~FakeSwarm() override;

  const Manifest& manifest() const { return manifest_; }
  void SetScript(Script script);
  // The hashes that the coordinator says are of these bytes instead: what a bad attester has done.
  void Attest(const std::string& path, const std::string& content);
  // With a file that is not what it must be: these pieces are withdrawn, and right from then on.
  void WithdrawWhenUnproven(const std::string& path, const std::vector<uint32_t>& pieces);

  std::vector<Request> requests() const;
  std::vector<FailureReason> failures() const;
  std::set<uint32_t> proven() const;
  int broken_rules() const;
  std::string first_broken_rule() const;
  int hedges() const;
  bool origin_works() const;

  std::unique_ptr<SwarmSession> Join(const Manifest& manifest, SwarmListener& listener) override;
  Status ReadPiece(NodeId peer, const Digest& blob, ByteRange range, std::span<std::byte> into,
                   std::stop_token stop) override;
  std::string NameOf(NodeId node) const override { return "node-" + std::to_string(node); }

 private:
  class Session;
  Digest HashOf(PieceRef piece) const REQUIRES(mutex_);
  Reply Answer(const Next& next);
  FakePiece Begin(const Request& request);

  const uint32_t piece_size_;
  const Manifest manifest_;
  std::map<Digest, std::string> right_;
  mutable Mutex mutex_;
  std::map<Digest, std::string> sent_ GUARDED_BY(mutex_);  // what nodes have, and what was attested
  std::unique_ptr<FakeCoordinator> coordinator_ GUARDED_BY(mutex_);
  Script script_ GUARDED_BY(mutex_);
  std::vector<Request> requests_ GUARDED_BY(mutex_);
  std::map<uint32_t, std::vector<uint32_t>> to_withdraw_ GUARDED_BY(mutex_);
};

}  // namespace ballast
