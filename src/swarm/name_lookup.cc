#include "swarm/name_lookup.h"

#include <netdb.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <memory>

#include "base/errno_status.h"
#include "base/strings.h"

namespace ballast {
namespace {

Status LookupStatus(int error, int system_error, const std::string& name, AddressFamily family) {
  const std::string what = StrCat("look up ", Quoted(name));
  switch (error) {
    case EAI_SYSTEM:
      return ErrnoStatus(system_error, what);
    case EAI_NONAME:
    case EAI_NODATA:
    case EAI_ADDRFAMILY:
      return NotFound(StrCat(what, ": the name service knows no ", family == AddressFamily::kIpv4 ? "IPv4" : "IPv6",
                             " address of that name: check its spelling, and the record"));
    default:
      return Unavailable(StrCat(what, ": ", gai_strerror(error)));
  }
}

std::string NumericHost(const addrinfo& entry) {
  std::array<char, NI_MAXHOST> host{};
  const int error = getnameinfo(entry.ai_addr, entry.ai_addrlen, host.data(), host.size(), nullptr, 0, NI_NUMERICHOST);
  BALLAST_CHECK(error == 0) << gai_strerror(error);
  return host.data();
}

}  // namespace

Result<std::vector<std::string>> SystemNameLookup::Addresses(const std::string& name, AddressFamily family) {
  addrinfo hints{};
  hints.ai_family = family == AddressFamily::kIpv4 ? AF_INET : AF_INET6;
  hints.ai_socktype = SOCK_STREAM;  // each address once
  addrinfo* answer = nullptr;
  const int error = getaddrinfo(name.c_str(), nullptr, &hints, &answer);
  if (error != 0) return LookupStatus(error, errno, name, family);
  const std::unique_ptr<addrinfo, decltype(&freeaddrinfo)> owner(answer, &freeaddrinfo);
  std::vector<std::string> addresses;
  for (const addrinfo* entry = answer; entry != nullptr; entry = entry->ai_next) {
    addresses.push_back(NumericHost(*entry));
  }
  return addresses;
}

}  // namespace ballast
