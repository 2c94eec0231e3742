#include "swarm/dns_membership.h"

#include <arpa/inet.h>
#include <pthread.h>

#include <algorithm>
#include <array>
#include <stop_token>

#include "base/logging.h"
#include "base/thread.h"
#include "core/node_name.h"

namespace ballast {
namespace {

using AddressBytes = std::array<uint8_t, sizeof(in6_addr)>;

bool IsAddress(int family, const std::string& text, AddressBytes& bytes) {
  return text.find('\0') == std::string::npos && inet_pton(family, text.c_str(), bytes.data()) == 1;
}

AddressFamily FamilyOf(const std::string& address) {
  return address.find(':') == std::string::npos ? AddressFamily::kIpv4 : AddressFamily::kIpv6;
}

Result<Member> MemberAt(const std::string& address, const DnsMembershipOptions& options) {
  ASSIGN_OR_RETURN(std::string name, NodeNameOfAddress(address));
  return CheckedMember({.name = std::move(name),
                        .zone = "",
                        .host = address,
                        .control_port = options.control_port,
                        .data_port = options.data_port});
}

Status CheckOptions(const DnsMembershipOptions& options) {
  std::string name = ToLower(options.name);
  if (name.ends_with('.')) name.pop_back();
  if (!CheckNodeName(name).ok()) {
    return InvalidArgument(StrCat("swarm: ", Quoted(options.name), " is not a DNS name"));
  }
  if (options.interval <= Duration::zero()) {
    return InvalidArgument("swarm: the interval between look-ups must be above zero");
  }
  return OkStatus();
}

}  // namespace

Result<std::string> NodeNameOfAddress(const std::string& address) {
  AddressBytes bytes{};
  if (IsAddress(AF_INET, address, bytes)) return address;  // there is only one way to write it
  if (!IsAddress(AF_INET6, address, bytes)) {
    return InvalidArgument(StrCat(Quoted(address), " is not an IP address (IPv6 without brackets or zone)"));
  }
  const std::string digits = HexEncode({reinterpret_cast<const char*>(bytes.data()), bytes.size()});
  std::vector<std::string> groups;
  for (size_t at = 0; at < digits.size(); at += 4) groups.push_back(digits.substr(at, 4));
  return Join(groups, "-");
}

Result<std::unique_ptr<DnsMembership>> DnsMembership::Of(DnsMembershipOptions options, NameLookup& lookup) {
  RETURN_IF_ERROR(CheckOptions(options));
  auto self = MemberAt(options.self_host, options);
  if (!self.ok()) return self.status().WithContext("swarm: this node's own address");
  ASSIGN_OR_RETURN(auto only_self, MemberList::Of({*self}));
  return std::unique_ptr<DnsMembership>(new DnsMembership(std::move(options), lookup, std::move(only_self)));
}

DnsMembership::DnsMembership(DnsMembershipOptions options, NameLookup& lookup, MemberListPtr only_self)
    : options_(std::move(options)),
      self_member_((*only_self)[0]),
      lookup_(lookup),
      board_(self_member_.name, std::move(only_self)) {}

void DnsMembership::Start() {
  BALLAST_CHECK(!thread_.joinable()) << "started twice";
  thread_ = StartThread([this](const std::stop_token& stop) { Poll(stop); });
}

// The members of the answer, each once.
Result<std::vector<Member>> DnsMembership::Found() {
  ASSIGN_OR_RETURN(auto addresses, lookup_.Addresses(options_.name, FamilyOf(self_member_.host)));
  std::sort(addresses.begin(), addresses.end());
  addresses.erase(std::unique(addresses.begin(), addresses.end()), addresses.end());
  std::vector<Member> members;
  for (const std::string& address : addresses) {
    auto member = MemberAt(address, options_);
    if (!member.ok()) return member.status().WithContext(StrCat("answer for ", Quoted(options_.name)));
    members.push_back(std::move(*member));
  }
  return members;
}

Result<MemberListPtr> DnsMembership::Look(Trouble& trouble) {
  trouble = Trouble::kNoAnswer;
  ASSIGN_OR_RETURN(auto members, Found());
  const bool has_self = std::find(members.begin(), members.end(), self_member_) != members.end();
  if (!has_self) members.push_back(self_member_);
  ASSIGN_OR_RETURN(auto list, MemberList::Of(std::move(members)));
  trouble = has_self ? Trouble::kNone : Trouble::kSelfAbsent;
  return list;
}

Status DnsMembership::Refresh() {
  MutexLock lock(refreshing_);
  Trouble trouble{};
  auto list = Look(trouble);
  if (list.ok()) board_.Publish(*list);
  Say(trouble, list.status());
  return list.status();
}

void DnsMembership::Say(Trouble trouble, const Status& status) {
  if (trouble == said_) return;
  said_ = trouble;
  const auto members = board_.Current()->size();
  switch (trouble) {
    case Trouble::kNone:
      LOG(INFO)
          << Message("The swarm's name is answered well again").With("name", options_.name).With("members", members);
      return;
    case Trouble::kNoAnswer:
      LOG(WARNING) << Message("The swarm's name cannot be looked up; the members stay as they were")
                          .With("name", options_.name)
                          .With("members", members)
                          .With("error", status);
      return;
    case Trouble::kSelfAbsent:
      LOG(WARNING) << Message(
                          "The swarm's name does not have this node's address, so other nodes do not see it; add the "
                          "address to the name, or correct it in this node's configuration")
                          .With("name", options_.name)
                          .With("address", self_member_.host);
      return;
  }
}

void DnsMembership::Poll(const std::stop_token& stop) {
  pthread_setname_np(pthread_self(), "swarm-dns");
  const std::stop_callback wake(stop, [this] {
    MutexLock lock(waiting_);
    stopped_.NotifyAll();
  });
  while (!stop.stop_requested()) {
    static_cast<void>(Refresh());  // it was logged
    WaitForInterval(stop);
  }
}

void DnsMembership::WaitForInterval(const std::stop_token& stop) {
  const auto until = std::chrono::steady_clock::now() + options_.interval;
  MutexLock lock(waiting_);
  while (!stop.stop_requested() && stopped_.WaitUntil(waiting_, until)) {
  }
}

}  // namespace ballast
