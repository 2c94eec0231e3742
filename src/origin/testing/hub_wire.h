// From an answer and the faults that hit it to what goes over the wire, byte for byte. No input or output here.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "origin/testing/hub_fault.h"
#include "origin/testing/hub_reply.h"

namespace ballast::hub {

// A fault that waits for its requests.
struct ArmedFault {
  Fault fault;
  int seen = 0;  // matching requests so far
};

// Counts the request against every armed fault that it matches, and returns those that hit it.
std::vector<Fault> TakeFaults(std::vector<ArmedFault>& armed, const Request& request, const Reply& reply);

struct Wire {
  std::string head;        // all before the body
  uint64_t head_rate = 0;  // bytes per second; 0: at once
  Content content;         // the body is its bytes [first, first + length)
  uint64_t first = 0;
  uint64_t length = 0;
  uint64_t promised = 0;             // of `length`, without faults
  std::string tail;                  // after the body
  std::vector<uint64_t> corrupt_at;  // offsets in content
  std::optional<uint64_t> stall_at;  // likewise
  uint64_t rate = 0;                 // of the body, bytes per second; 0: at once
  bool reset = false;                // end with RST
  bool close = false;                // end with FIN
  int status = 0;
};

// `reply` is the whole answer; its range is applied here.
Wire PlanWire(const Request& request, Reply reply, const std::vector<Fault>& faults, WallTime now);

// "Mon, 23 Nov 2026 16:36:06 GMT"
std::string HttpDate(WallTime time);

}  // namespace ballast::hub
