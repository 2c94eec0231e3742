// A download that moves no bytes: it takes what its coordinator gives it, checks that it could be had, and reports.
#pragma once

#include <atomic>
#include <deque>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "base/mutex.h"
#include "core/manifest.h"
#include "swarm/model_shape.h"
#include "swarm/swarm.h"

namespace ballast {

// `files` files of `pieces` pieces of 1 MiB.
Manifest TestManifest(const std::string& name, int files, int pieces);
// What the bytes of a piece hash to in these tests.
Digest TestPieceHash(const Digest& file, uint32_t piece);
std::vector<Digest> TestPieceHashes(const ModelShape& shape, const Digest& blob);

// Who has what, and what the origin has sent. Thread-safe.
class FakeBytes {
 public:
  void Has(const std::string& node, PieceRef piece);
  void HasAll(const std::string& node);
  void Dies(const std::string& node);
  // Whether `node` can send the piece; the origin always can, and counts it.
  bool Fetch(const std::string& source, PieceRef piece);
  uint32_t from_origin() const;

 private:
  mutable Mutex mutex_;
  std::set<std::pair<std::string, PieceRef>> have_ GUARDED_BY(mutex_);
  std::set<std::string> whole_ GUARDED_BY(mutex_);
  std::set<std::string> dead_ GUARDED_BY(mutex_);
  uint32_t from_origin_ GUARDED_BY(mutex_) = 0;
};

class FakeDownload final : private SwarmListener {
 public:
  // Begins. Fetches `allowed` pieces, then waits for Allow().
  FakeDownload(std::string node, Swarm& swarm, const Manifest& manifest, FakeBytes& bytes, uint32_t allowed);
  ~FakeDownload() override;

  // So many pieces in all.
  void Allow(uint32_t pieces = UINT32_MAX);
  // Returns when `pieces` are here.
  void WaitFor(uint32_t pieces);
  void WaitForAll() { WaitFor(total_); }
  // Returns when an Announce was asked for so often.
  void WaitForAsked(int announces);
  uint32_t total() const { return total_; }
  // That were asked for.
  int announces() const { return announces_; }
  // Assignments that could not have been right: a wrong hash, or a piece that is here.
  int wrong() const { return wrong_; }

 private:
  void OnReply(const Reply& reply) override;
  void SayAll() REQUIRES(mutex_);
  void Run(const std::stop_token& stop);
  void Do(const Assignment& assignment);
  Next Wish() REQUIRES(mutex_);
  void GiveBack() REQUIRES(mutex_);

  const std::string node_;
  Swarm& swarm_;
  FakeBytes& bytes_;
  const ModelShape shape_;
  uint32_t total_ = 0;
  Mutex mutex_;
  CondVar changed_;
  std::vector<PieceMap> here_ GUARDED_BY(mutex_);
  std::deque<Assignment> todo_ GUARDED_BY(mutex_);
  uint32_t have_ GUARDED_BY(mutex_) = 0;
  uint32_t allowed_ GUARDED_BY(mutex_);
  Next report_ GUARDED_BY(mutex_);
  std::atomic<int> announces_ = 0;
  std::atomic<int> wrong_ = 0;
  std::jthread thread_;
  std::unique_ptr<SwarmSession> session_;  // last: until it is gone, the listener is called, and sends
};

}  // namespace ballast
