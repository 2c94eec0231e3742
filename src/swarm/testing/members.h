// Members for tests.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/check.h"
#include "base/strings.h"
#include "swarm/member_list.h"

namespace ballast {

// Node `number` (1 to 65535) of a test: "node-7" at 10.0.0.7, ports 7070 and 7071.
inline Member TestMember(unsigned number, std::string_view zone = "") {
  BALLAST_CHECK(number > 0 && number < 65536);
  return {.name = StrCat("node-", number),
          .zone = std::string(zone),
          .host = StrCat("10.0.", number / 256, ".", number % 256),
          .control_port = 7070,
          .data_port = 7071};
}

// Nodes 1 to `count`.
inline std::vector<Member> TestMembers(unsigned count) {
  std::vector<Member> members;
  for (unsigned i = 1; i <= count; ++i) members.push_back(TestMember(i));
  return members;
}

inline std::vector<std::string> NamesOf(const MemberList& list) {
  std::vector<std::string> names;
  for (const Member& member : list.members()) names.push_back(member.name);
  return names;
}

}  // namespace ballast
