// Which network addresses an origin may be reached at: a model's URL, a redirect or a DNS answer must not make a node
// talk to itself, to its neighbours or to a cloud's metadata service.
#pragma once

#include <sys/socket.h>

#include <string>
#include <string_view>

namespace ballast {

inline constexpr std::string_view kLinkLocal = "link-local";

// "loopback", "private", kLinkLocal, ...: why an address that is not on the public internet is refused; "" for a
// public one. IPv4 inside IPv6 (mapped, NAT64, 6to4) is judged by what is inside. Anything but IPv4 and IPv6: "not an
// IP address".
std::string_view PrivateRange(const sockaddr* address);
// The same for an address as text, "[::1]" or "127.0.0.1"; "" for a name.
std::string_view PrivateRangeOfLiteral(std::string_view host);

// PrivateRange and PrivateRangeOfLiteral where private addresses are refused. Where they are allowed, link-local ones
// are refused still: no origin is there, and a cloud's metadata service, which hands out the node's credentials, is.
std::string_view RefusedRange(const sockaddr* address, bool allow_private);
std::string_view RefusedRangeOfLiteral(std::string_view host, bool allow_private);
// What to do about it, for an error's text.
std::string_view RemedyForRange(std::string_view range);

// True if `address` (text) lies in `cidr`, "10.0.0.0/8" or "fd00::/8"; false for names and for what is no CIDR.
bool InCidr(std::string_view address, std::string_view cidr);

// "127.0.0.1", "::1"
std::string AddressText(const sockaddr* address);

}  // namespace ballast
