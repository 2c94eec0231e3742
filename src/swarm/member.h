// One node of the swarm, as membership knows it.
#pragma once

#include <cstdint>
#include <string>

#include "base/status.h"

namespace ballast {

// A value. `name` is who the node is: rendezvous order is computed from it, and a certificate is checked against it.
// `host` and the ports are where it is reached, and nothing but that.
struct Member {
  std::string name;           // CheckNodeName()
  std::string zone;           // a Kubernetes label value; "" = no zone is known: all such members share one
  std::string host;           // a host name, or an IPv4 or IPv6 address without brackets
  uint16_t control_port = 0;  // gRPC: where is what
  uint16_t data_port = 0;     // HTTP/1.1: bytes of blobs

  friend bool operator==(const Member&, const Member&) = default;
};

// The member with its host in the one way to write it (names in lower case, IPv6 as RFC 5952 has it), or
// InvalidArgument: a bad name, zone or host, a port of 0, or both ports the same. No swarm is reached at an
// unspecified, multicast or link-local address, and a cloud's metadata service is: those are refused. Loopback is
// allowed.
Result<Member> CheckedMember(Member member);

// "node-1 (10.0.0.1, ports 7070 and 7071)", for logs and errors.
std::string Describe(const Member& member);

}  // namespace ballast
