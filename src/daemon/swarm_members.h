// The swarm's members as the configuration names them.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "base/mutex.h"
#include "base/status.h"
#include "daemon/swarm_config.h"
#include "swarm/dns_membership.h"
#include "swarm/membership.h"
#include "swarm/static_membership.h"

namespace ballast {

// Thread-safe.
class SwarmMembers {
 public:
  // InvalidArgument names the key: `node` is not in the list, or what the file or the name gives is none. `lookup`
  // outlives it.
  static Result<std::unique_ptr<SwarmMembers>> Open(const SwarmConfig& config, const std::string& node,
                                                    NameLookup& lookup);

  Membership& membership() { return *membership_; }
  const Membership& membership() const { return *membership_; }
  // Reads swarm.membersFile again where it changed. Meant to be called every few seconds. Not OK: why the list of
  // before stays.
  Status Refresh();

 private:
  SwarmMembers() = default;

  std::string file_;
  StaticMembership* listed_ = nullptr;  // of the file
  std::unique_ptr<Membership> membership_;
  Mutex mutex_;
  std::string content_ GUARDED_BY(mutex_);
  Status problem_ GUARDED_BY(mutex_);
};

}  // namespace ballast
