#include "swarm/static_membership.h"

namespace ballast {
namespace {

Result<MemberListPtr> ListWithSelf(const std::string& self, std::vector<Member> members) {
  ASSIGN_OR_RETURN(auto list, MemberList::Of(std::move(members)));
  RETURN_IF_ERROR(MemberBoard::CheckSelf(self, *list));
  return list;
}

}  // namespace

Result<std::unique_ptr<StaticMembership>> StaticMembership::Of(std::string self, std::vector<Member> members) {
  ASSIGN_OR_RETURN(auto list, ListWithSelf(self, std::move(members)));
  return std::unique_ptr<StaticMembership>(new StaticMembership(std::move(self), std::move(list)));
}

Status StaticMembership::Replace(std::vector<Member> members) {
  ASSIGN_OR_RETURN(auto list, ListWithSelf(self(), std::move(members)));
  board_.Publish(list);
  return OkStatus();
}

}  // namespace ballast
