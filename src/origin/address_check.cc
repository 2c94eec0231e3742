#include "origin/address_check.h"

#include <arpa/inet.h>
#include <netinet/in.h>

#include <array>
#include <cstring>
#include <optional>

#include "base/strings.h"

namespace ballast {
namespace {

// 16 bytes, IPv4 as ::ffff:a.b.c.d, so that one table serves both.
using Address = std::array<uint8_t, 16>;
constexpr unsigned kMappedBits = 96;

Address Mapped(const void* ipv4) {
  Address address{};
  address[10] = address[11] = 0xff;
  std::memcpy(address.data() + 12, ipv4, 4);
  return address;
}

std::optional<Address> FromText(std::string_view text) {
  if (text.size() >= 2 && text.front() == '[' && text.back() == ']') text = text.substr(1, text.size() - 2);
  const std::string line(text);
  in_addr four{};
  if (inet_pton(AF_INET, line.c_str(), &four) == 1) return Mapped(&four);
  Address six{};
  if (inet_pton(AF_INET6, line.c_str(), six.data()) == 1) return six;
  return std::nullopt;
}

std::optional<Address> FromSockaddr(const sockaddr* address) {
  if (address->sa_family == AF_INET) {
    sockaddr_in four{};
    std::memcpy(&four, address, sizeof four);
    return Mapped(&four.sin_addr);
  }
  if (address->sa_family == AF_INET6) {
    sockaddr_in6 six{};
    std::memcpy(&six, address, sizeof six);
    Address bytes{};
    std::memcpy(bytes.data(), &six.sin6_addr, bytes.size());
    return bytes;
  }
  return std::nullopt;
}

bool HasPrefix(const Address& address, const Address& prefix, unsigned bits) {
  for (unsigned i = 0; i < bits; ++i) {
    const unsigned mask = 0x80U >> (i % 8);
    if ((address[i / 8] & mask) != (prefix[i / 8] & mask)) return false;
  }
  return true;
}

struct Range {
  std::string_view prefix;
  unsigned bits;  // of the family
  std::string_view name;
};

// IANA's special-purpose registries (RFC 6890 and after), as far as they are not public.
constexpr Range kRanges[] = {
    {"0.0.0.0", 8, "unspecified"},
    {"10.0.0.0", 8, "private"},
    {"100.64.0.0", 10, "private"},
    {"127.0.0.0", 8, "loopback"},
    {"169.254.0.0", 16, kLinkLocal},
    {"172.16.0.0", 12, "private"},
    {"192.0.0.0", 24, "reserved"},
    {"192.0.2.0", 24, "documentation"},
    {"192.168.0.0", 16, "private"},
    {"198.18.0.0", 15, "benchmarking"},
    {"198.51.100.0", 24, "documentation"},
    {"203.0.113.0", 24, "documentation"},
    {"224.0.0.0", 4, "multicast"},
    {"240.0.0.0", 4, "reserved"},
    {"::1", 128, "loopback"},
    {"::", 128, "unspecified"},
    {"64:ff9b:1::", 48, "private"},
    {"100::", 64, "reserved"},
    {"2001::", 32, "tunnelled"},
    {"2001:db8::", 32, "documentation"},
    {"fc00::", 7, "private"},
    {"fe80::", 10, kLinkLocal},
    {"fec0::", 10, "private"},
    {"ff00::", 8, "multicast"},
};

bool IsIpv4Text(std::string_view text) { return text.find(':') == std::string_view::npos; }

// The IPv4 address that NAT64 (64:ff9b::/96), 6to4 (2002::/16) or the old compatible form (::/96) carries.
std::optional<Address> Inside(const Address& address) {
  constexpr Address kNat64 = {0, 0x64, 0xff, 0x9b};
  constexpr Address k6to4 = {0x20, 0x02};
  if (HasPrefix(address, kNat64, 96)) return Mapped(address.data() + 12);
  if (HasPrefix(address, k6to4, 16)) return Mapped(address.data() + 2);
  if (HasPrefix(address, Address{}, 96)) return Mapped(address.data() + 12);
  return std::nullopt;
}

std::string_view RangeOf(const Address& address) {
  for (const Range& range : kRanges) {
    const unsigned bits = range.bits + (IsIpv4Text(range.prefix) ? kMappedBits : 0);
    if (HasPrefix(address, *FromText(range.prefix), bits)) return range.name;
  }
  const auto inside = Inside(address);
  return inside ? RangeOf(*inside) : "";
}

std::string_view Refused(std::string_view range, bool allow_private) {
  return allow_private && range != kLinkLocal ? "" : range;
}

}  // namespace

std::string_view PrivateRange(const sockaddr* address) {
  const auto bytes = FromSockaddr(address);
  return bytes ? RangeOf(*bytes) : "not an IP address";
}

std::string_view PrivateRangeOfLiteral(std::string_view host) {
  if (host.ends_with('.')) host.remove_suffix(1);  // a resolver takes "127.0.0.1." for the address
  const auto bytes = FromText(host);
  return bytes ? RangeOf(*bytes) : "";
}

std::string_view RefusedRange(const sockaddr* address, bool allow_private) {
  return Refused(PrivateRange(address), allow_private);
}

std::string_view RefusedRangeOfLiteral(std::string_view host, bool allow_private) {
  return Refused(PrivateRangeOfLiteral(host), allow_private);
}

std::string_view RemedyForRange(std::string_view range) {
  return range == kLinkLocal ? "no origin may be there, because a cloud's metadata service is"
                             : "if this origin is meant to be there, set allowPrivateAddresses: true for it";
}

bool InCidr(std::string_view address, std::string_view cidr) {
  const size_t slash = cidr.find('/');
  if (slash == std::string_view::npos) return false;
  const std::string_view prefix_text = cidr.substr(0, slash);
  const auto prefix = FromText(prefix_text);
  const auto bytes = FromText(address);
  uint64_t bits = 0;
  if (!prefix || !bytes || !ParseUint64(cidr.substr(slash + 1), bits)) return false;
  const uint64_t family_bits = IsIpv4Text(prefix_text) ? 32 : 128;
  if (bits > family_bits) return false;
  return HasPrefix(*bytes, *prefix, static_cast<unsigned>(bits + (128 - family_bits)));
}

std::string AddressText(const sockaddr* address) {
  char text[INET6_ADDRSTRLEN] = "";
  if (address->sa_family == AF_INET) {
    sockaddr_in four{};
    std::memcpy(&four, address, sizeof four);
    inet_ntop(AF_INET, &four.sin_addr, text, sizeof text);
  } else if (address->sa_family == AF_INET6) {
    sockaddr_in6 six{};
    std::memcpy(&six, address, sizeof six);
    inet_ntop(AF_INET6, &six.sin6_addr, text, sizeof text);
  }
  return text;
}

}  // namespace ballast
