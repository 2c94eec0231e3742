// The part of ballastd's configuration that says who is in the swarm, and how its nodes know each other.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "api/yaml_reader.h"
#include "base/status.h"
#include "identity/credential_files.h"
#include "swarm/member.h"

namespace ballast {

inline constexpr uint16_t kDefaultControlPort = 7070;
inline constexpr uint16_t kDefaultDataPort = 7071;

struct SwarmConfig {
  struct {
    std::string address = "0.0.0.0";
    uint16_t control_port = kDefaultControlPort;
    uint16_t data_port = kDefaultDataPort;
  } listen;

  // Who is in it: exactly one of these three is set; none inside Kubernetes.
  std::vector<Member> members;
  std::string members_file;  // re-read when it changes
  struct {
    std::string name;
    std::string self;  // this node's address, which is its name
    std::chrono::milliseconds interval{std::chrono::seconds(10)};
  } dns;

  CredentialPaths tls;     // all three, unless
  bool plaintext = false;  // nothing is encrypted, and whoever reaches the ports is believed
};

// Reads the mapping `swarm`.
SwarmConfig ReadSwarm(YamlReader& yaml);

// The same inside Kubernetes: members and certificates come from the cluster, so that only `listen` is left to say. The
// certificates are ca.crt, tls.crt and tls.key in `identity_dir`.
SwarmConfig ReadSwarmInCluster(YamlReader& yaml, const std::string& identity_dir);

// The text of a members file: "members:" with the same list as in the configuration, at least one. InvalidArgument
// "FILE:LINE: ..".
Result<std::vector<Member>> ParseMembers(std::string_view yaml, const std::string& file);

// Reads and parses.
Result<std::vector<Member>> LoadMembers(const std::string& file);

}  // namespace ballast
