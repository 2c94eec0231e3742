#include "swarm/member.h"

#include <arpa/inet.h>
#include <netinet/in.h>

#include <algorithm>
#include <array>
#include <optional>
#include <string_view>

#include "base/strings.h"
#include "core/node_name.h"

namespace ballast {
namespace {

struct HostAddress {
  std::string text;  // canonical
  bool usable = false;
};

bool IsUsable(const in_addr& address) {
  const uint32_t bits = ntohl(address.s_addr);
  return bits != INADDR_ANY && !IN_MULTICAST(bits) && bits != INADDR_BROADCAST && bits >> 16 != 0xa9fe;
}

bool IsUsable(const in6_addr& address) {
  return !IN6_IS_ADDR_UNSPECIFIED(&address) && !IN6_IS_ADDR_MULTICAST(&address) && !IN6_IS_ADDR_LINKLOCAL(&address) &&
         !IN6_IS_ADDR_V4MAPPED(&address);  // that is an IPv4 address, and is written as one
}

template <typename Address>
std::optional<HostAddress> ParsedAs(int family, const std::string& host) {
  Address address{};
  if (host.find('\0') != std::string::npos || inet_pton(family, host.c_str(), &address) != 1) return std::nullopt;
  std::array<char, INET6_ADDRSTRLEN> text{};
  BALLAST_CHECK(inet_ntop(family, &address, text.data(), text.size()) != nullptr);
  return HostAddress{text.data(), IsUsable(address)};
}

// What ends in a number is an IPv4 address or a mistake, never a name: no top-level domain is all digits.
bool EndsInNumber(std::string_view host) {
  const std::string_view last = Split(host, '.').back();
  return std::all_of(last.begin(), last.end(), [](char c) { return c >= '0' && c <= '9'; });
}

Result<std::string> CheckedHost(const std::string& host) {
  auto address = ParsedAs<in_addr>(AF_INET, host);
  if (!address) address = ParsedAs<in6_addr>(AF_INET6, host);
  if (address && address->usable) return std::move(address)->text;
  if (address) {
    return InvalidArgument(StrCat("host ", Quoted(host), " is an unspecified, multicast, link-local or IPv4-mapped ",
                                  "address: give one that other nodes reach this node at"));
  }
  std::string name = ToLower(host);
  if (CheckNodeName(name).ok() && !EndsInNumber(name)) return name;
  return InvalidArgument(
      StrCat("host ", Quoted(host), " is neither an IP address (IPv6 without brackets or zone) nor a host name"));
}

// A label value of Kubernetes, which is where zones come from.
bool IsZone(std::string_view zone) {
  const auto alnum = [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9'); };
  const auto inner = [&](char c) { return alnum(c) || c == '-' || c == '_' || c == '.'; };
  return zone.empty() || (zone.size() <= 63 && alnum(zone.front()) && alnum(zone.back()) &&
                          std::all_of(zone.begin(), zone.end(), inner));
}

Status CheckPorts(const Member& member) {
  if (member.control_port == 0 || member.data_port == 0) {
    return InvalidArgument("control port and data port are between 1 and 65535");
  }
  if (member.control_port == member.data_port) {
    return InvalidArgument(StrCat("control port and data port are both ", member.data_port, ": they must differ"));
  }
  return OkStatus();
}

}  // namespace

Result<Member> CheckedMember(Member member) {
  RETURN_IF_ERROR(CheckNodeName(member.name));
  const std::string who = StrCat("node ", member.name);
  if (!IsZone(member.zone)) {
    return InvalidArgument(StrCat(who, ": zone ", Quoted(member.zone), " is no label value of Kubernetes: letters, ",
                                  "digits, '-', '_' and '.', letters or digits at both ends, 63 bytes at most"));
  }
  auto host = CheckedHost(member.host);
  if (!host.ok()) return host.status().WithContext(who);
  member.host = std::move(host).value();
  RETURN_IF_ERROR(CheckPorts(member).WithContext(who));
  return member;
}

std::string Describe(const Member& member) {
  return StrCat(member.name, " (", member.host, ", ports ", member.control_port, " and ", member.data_port, ")");
}

}  // namespace ballast
