#include "daemon/swarm_members.h"

#include <utility>

#include "api/yaml_value.h"
#include "base/failpoint.h"
#include "base/logging.h"
#include "base/small_file.h"
#include "base/strings.h"

namespace ballast {
namespace {

Result<std::unique_ptr<DnsMembership>> FromDns(const SwarmConfig& config, NameLookup& lookup) {
  DnsMembershipOptions options{.name = config.dns.name,
                               .self_host = config.dns.self,
                               .control_port = config.listen.control_port,
                               .data_port = config.listen.data_port,
                               .interval = config.dns.interval};
  auto made = DnsMembership::Of(std::move(options), lookup);
  if (!made.ok()) return made.status().WithContext("swarm.dns");
  (*made)->Start();
  return made;
}

Result<std::unique_ptr<StaticMembership>> Listed(const std::string& node, std::vector<Member> members,
                                                 std::string_view key) {
  auto made = StaticMembership::Of(node, std::move(members));
  if (made.ok()) return made;
  return made.status().WithContext(StrCat(key, " (this node is ", Quoted(node), ", as the key `node` says)"));
}

}  // namespace

Result<std::unique_ptr<SwarmMembers>> SwarmMembers::Open(const SwarmConfig& config, const std::string& node,
                                                         NameLookup& lookup) {
  std::unique_ptr<SwarmMembers> members(new SwarmMembers());
  if (!config.dns.name.empty()) {
    ASSIGN_OR_RETURN(members->membership_, FromDns(config, lookup));
    return members;
  }
  std::vector<Member> list = config.members;
  if (!config.members_file.empty()) {
    Result<std::string> text = ReadSmallFile(config.members_file, kMaxYamlBytes);
    if (!text.ok()) return text.status().WithContext("swarm.membersFile");
    ASSIGN_OR_RETURN(list, ParseMembers(*text, config.members_file));
    members->file_ = config.members_file;
    const MutexLock lock(members->mutex_);
    members->content_ = *std::move(text);
  }
  ASSIGN_OR_RETURN(auto listed,
                   Listed(node, std::move(list), members->file_.empty() ? "swarm.members" : "swarm.membersFile"));
  members->listed_ = listed.get();
  members->membership_ = std::move(listed);
  return members;
}

Status SwarmMembers::Refresh() {
  if (file_.empty()) return OkStatus();
  MutexLock lock(mutex_);
  Result<std::string> text = ReadSmallFile(file_, kMaxYamlBytes);
  if (text.ok() && *text == content_) return problem_;
  const Result<std::vector<Member>> members = text.ok() ? ParseMembers(*text, file_) : text.status();
  const Status replaced = members.ok() ? listed_->Replace(*members) : members.status();
  Failpoint("members.replaced");
  if (text.ok()) content_ = *std::move(text);
  problem_ = replaced.ok() ? replaced : replaced.WithContext("swarm.membersFile: the list of before stays in use");
  if (replaced.ok()) LOG(INFO) << Message("Members of the swarm").With("file", file_).With("members", members->size());
  return problem_;
}

}  // namespace ballast
