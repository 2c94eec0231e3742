// Who is in the swarm, now and as it changes.
#pragma once

#include <functional>
#include <string>
#include <utility>

#include "swarm/member_list.h"

namespace ballast {

// Ends a watch when it goes. Afterwards its callback does not run, and is not running: wait for no lock here that the
// callback takes. Must go before the Membership does.
class [[nodiscard]] MembershipWatch {
 public:
  explicit MembershipWatch(std::function<void()> end) : end_(std::move(end)) {}
  MembershipWatch(MembershipWatch&& other) noexcept : end_(std::exchange(other.end_, nullptr)) {}
  MembershipWatch& operator=(MembershipWatch&&) = delete;
  ~MembershipWatch() {
    if (end_) end_();
  }

 private:
  std::function<void()> end_;
};

// Where the swarm's nodes come from, and the only place they come from: no message names an address. Readiness is no
// part of it: a node that is not ready yet is a member, since it must be found to become ready. What is down is found
// out by talking to it. Thread-safe.
class Membership {
 public:
  using Callback = std::function<void(const MemberListPtr&)>;

  virtual ~Membership() = default;

  // This node's name. Never changes.
  virtual const std::string& self() const = 0;
  // Never null, and always has self: a node that others do not see yet is a swarm of one to itself. Costs a lock.
  virtual MemberListPtr Current() const = 0;
  // Calls `callback` with the current list before it returns, then with every other one that follows, in order, one
  // call at a time, never twice in a row with equal lists. The callback may call Current(); it must be short, must
  // not throw, and must neither begin nor end a watch.
  virtual MembershipWatch Watch(Callback callback) = 0;
};

}  // namespace ballast
