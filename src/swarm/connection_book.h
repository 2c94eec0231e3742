// Who may be connected to a server, and who must go for whom. A state machine: no sockets, no clock.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"

namespace ballast {

struct ConnectionLimits {
  size_t all = 1024;
  size_t strangers = 256;  // whose node is not known yet
  size_t per_node = 32;
};

// Not thread-safe.
class ConnectionBook {
 public:
  using Id = uint64_t;  // grows with each connection
  // Whom to close; the newcomer itself where nobody else may be.
  using Victim = std::optional<Id>;

  explicit ConnectionBook(const ConnectionLimits& limits) : limits_(limits) {}

  // A stranger came. Of too many strangers one goes: the oldest that has said nothing, so that no number of them keeps
  // out who begins a handshake; but where most have said something, the oldest of those, so that they keep nobody out
  // either. Where all places are taken, a stranger goes too, or else whoever has been idle for longest. Who is being
  // answered never goes.
  Victim Came(Id id, SteadyTime deadline);
  // A stranger said something.
  void Spoke(Id id);
  // It is this node. Of too many of one node, the one that has been idle for longest goes.
  Victim Known(Id id, std::string_view node);
  // It is being answered: no deadline, never a victim.
  void Busy(Id id);
  // It waits for a request: idle since `now`.
  void Idle(Id id, SteadyTime now, SteadyTime deadline);
  void SetDeadline(Id id, SteadyTime deadline);
  // Every one that came is to be taken out when it is closed, a victim too.
  void Gone(Id id);

  // Those whose deadline has come. They stay until they are Gone.
  std::vector<Id> Expired(SteadyTime now) const;
  // The one that goes where the system has no place for a further one.
  Victim Least() const;

  size_t size() const { return entries_.size(); }
  size_t strangers() const { return strangers_; }
  size_t OfNode(std::string_view node) const;

 private:
  struct Entry {
    std::optional<std::string> node;
    bool spoke = false;
    bool busy = false;
    SteadyTime since{};  // idle
    SteadyTime deadline;
  };

  Victim WorstStranger() const;
  Victim OldestStranger(bool spoke) const;
  void NoStranger(const Entry& entry);
  Victim LongestIdle(const std::string* node) const;

  const ConnectionLimits limits_;
  std::map<Id, Entry> entries_;
  size_t strangers_ = 0;
  size_t speakers_ = 0;  // of the strangers
  std::map<std::string, size_t, std::less<>> nodes_;
};

}  // namespace ballast
