#include "swarm/member_board.h"

#include "base/strings.h"

namespace ballast {

Status MemberBoard::CheckSelf(const std::string& self, const MemberList& list) {
  if (list.Find(self) != nullptr) return OkStatus();
  return InvalidArgument(StrCat("this node, ", Quoted(self), ", is not among the ", list.size(),
                                " members of the swarm: add it, or correct its name"));
}

MemberBoard::MemberBoard(std::string self, MemberListPtr first) : self_(std::move(self)), current_(std::move(first)) {
  const Status status = CheckSelf(self_, *Current());
  BALLAST_CHECK(status.ok()) << status;
}

MemberListPtr MemberBoard::Current() const {
  MutexLock lock(mutex_);
  return current_;
}

MembershipWatch MemberBoard::Watch(Membership::Callback callback) {
  MutexLock telling(telling_);
  callback(Current());
  const uint64_t id = next_id_++;
  watches_.emplace(id, std::move(callback));
  return MembershipWatch([this, id] {
    MutexLock telling(telling_);
    watches_.erase(id);
  });
}

bool MemberBoard::Publish(const MemberListPtr& next) {
  const Status status = CheckSelf(self_, *next);
  BALLAST_CHECK(status.ok()) << status;
  MutexLock telling(telling_);
  {
    MutexLock lock(mutex_);
    if (*next == *current_) return false;
    current_ = next;
  }
  for (const auto& [id, callback] : watches_) callback(next);
  return true;
}

}  // namespace ballast
