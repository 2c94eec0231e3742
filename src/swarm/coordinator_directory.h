// What a node has heard of who coordinates which model, and who holds it.
#pragma once

#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/mutex.h"
#include "base/status.h"
#include "swarm/control.h"
#include "swarm/member_list.h"

namespace ballast {

// Models times nodes that one directory keeps; far more than a cluster has.
inline constexpr size_t kMaxHoldings = 4'000'000;
inline constexpr size_t kMaxKnownCoordinators = 100'000;

// Thread-safe; takes no other lock.
class CoordinatorDirectory {
 public:
  // `node` says that it coordinates the model, which counts until `until`.
  void Claimed(const Digest& model, const std::string& node, SteadyTime now, SteadyTime until);
  // This node's own session is with `node`; "": with nobody any more, and what it was counts until `until`.
  void Found(const Digest& model, const std::string& node, SteadyTime until);
  // "" where nobody is known.
  std::string CoordinatorOf(const Digest& model, SteadyTime now) const;
  // Who the session was with does not, any more.
  void Lost(const Digest& model);

  // ResourceExhausted: kMaxHoldings.
  Status Holds(const Digest& model, const std::string& node);
  void Drops(const Digest& model, const std::string& node);
  // All that it held.
  std::vector<Digest> Leaves(const std::string& node);
  // Forgets who is none of `members` any more. What they held, and who.
  std::vector<std::pair<Digest, std::string>> KeepOnly(const MemberList& members);
  std::vector<std::string> HoldersOf(const Digest& model) const;
  bool IsHolder(const Digest& model, const std::string& node) const;

 private:
  struct Claim {
    std::string node;
    SteadyTime until;
  };

  mutable Mutex mutex_;
  std::map<Digest, Claim> claims_ GUARDED_BY(mutex_);
  std::map<Digest, std::string> sessions_ GUARDED_BY(mutex_);
  std::map<Digest, std::set<std::string>> holders_ GUARDED_BY(mutex_);
  size_t holdings_ GUARDED_BY(mutex_) = 0;
};

}  // namespace ballast
