// What every Membership needs: the current list, and those who want to hear of the next.
#pragma once

#include <cstdint>
#include <map>

#include "base/mutex.h"
#include "swarm/membership.h"

namespace ballast {

// Membership's contract without the source of members. Thread-safe.
class MemberBoard {
 public:
  // InvalidArgument: a list without `self`.
  static Status CheckSelf(const std::string& self, const MemberList& list);

  // `first` has `self`.
  MemberBoard(std::string self, MemberListPtr first);

  const std::string& self() const { return self_; }
  MemberListPtr Current() const;
  MembershipWatch Watch(Membership::Callback callback);
  // False: `next`, which has self, is equal to the current list and nothing was done. Returns when all watches have
  // heard.
  bool Publish(const MemberListPtr& next);

 private:
  const std::string self_;
  Mutex telling_;  // before mutex_; held while callbacks run: this is what keeps them in order
  std::map<uint64_t, Membership::Callback> watches_ GUARDED_BY(telling_);
  uint64_t next_id_ GUARDED_BY(telling_) = 0;
  mutable Mutex mutex_;
  MemberListPtr current_ GUARDED_BY(mutex_);
};

}  // namespace ballast
