#include "swarm/member_list.h"

#include <algorithm>
#include <map>
#include <utility>

#include "base/strings.h"
#include "core/digest.h"

namespace ballast {
namespace {

uint64_t HashOfNames(const std::vector<Member>& members) {
  std::string names;
  for (const Member& member : members) names.append(member.name).append("\n");
  const Digest digest = Digest::Of(names);
  uint64_t hash = 0;
  for (size_t i = 0; i < sizeof hash; ++i) hash = hash << 8 | digest.bytes()[i];
  return hash;
}

// `members` are sorted by name.
Status CheckNames(const std::vector<Member>& members) {
  const auto same = std::adjacent_find(members.begin(), members.end(),
                                       [](const Member& a, const Member& b) { return a.name == b.name; });
  if (same == members.end()) return OkStatus();
  return InvalidArgument(StrCat("two members of the swarm have one name: ", Describe(same[0]), " and ",
                                Describe(same[1]), ": every node needs a name of its own"));
}

Status CheckAddresses(const std::vector<Member>& members) {
  std::map<std::pair<std::string_view, uint16_t>, const Member*> owner;
  for (const Member& member : members) {
    for (const uint16_t port : {member.control_port, member.data_port}) {
      const auto [at, is_new] = owner.try_emplace({member.host, port}, &member);
      if (is_new) continue;
      return InvalidArgument(StrCat("two members of the swarm have one address, port ", port, ": ",
                                    Describe(*at->second), " and ", Describe(member),
                                    ": give each node its own host, or its own ports on a shared one"));
    }
  }
  return OkStatus();
}

}  // namespace

MemberList::MemberList(std::vector<Member> members) : members_(std::move(members)), hash_(HashOfNames(members_)) {}

Result<MemberListPtr> MemberList::Of(std::vector<Member> members) {
  for (Member& member : members) {
    ASSIGN_OR_RETURN(member, CheckedMember(std::move(member)));
  }
  std::sort(members.begin(), members.end(), [](const Member& a, const Member& b) { return a.name < b.name; });
  RETURN_IF_ERROR(CheckNames(members));
  RETURN_IF_ERROR(CheckAddresses(members));
  return MemberListPtr(new MemberList(std::move(members)));
}

const Member* MemberList::Find(std::string_view name) const {
  const auto at = std::lower_bound(members_.begin(), members_.end(), name,
                                   [](const Member& member, std::string_view wanted) { return member.name < wanted; });
  return at != members_.end() && at->name == name ? &*at : nullptr;
}

}  // namespace ballast
