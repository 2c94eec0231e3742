// The control port of the program form: what a test in C++ calls on StandIn, a script asks for with curl. README.md
// lists the routes. Plain HTTP, no access control: loopback only.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "base/status.h"
#include "origin/testing/hub_listener.h"
#include "origin/testing/hub_stand_in.h"

namespace ballast::hub {

class Admin {
 public:
  // `hub` outlives this; stop it first, for a call may be waiting in it.
  static Result<std::unique_ptr<Admin>> Start(StandIn& hub, const std::string& address, uint16_t port);
  uint16_t port() const { return listener_->port(); }

 private:
  Admin() = default;
  std::unique_ptr<Listener> listener_;
};

}  // namespace ballast::hub
