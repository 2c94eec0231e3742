// The name service, behind an interface so that tests need no network.
#pragma once

#include <string>
#include <vector>

#include "base/status.h"

namespace ballast {

enum class AddressFamily { kIpv4, kIpv6 };

// Thread-safe.
class NameLookup {
 public:
  virtual ~NameLookup() = default;
  // The addresses of `name` as text without brackets, at least one, in no order. NotFound: there are none of that
  // family; Unavailable: the name service gave no answer, a later look-up may. May block for as long as resolv.conf
  // lets a look-up take.
  virtual Result<std::vector<std::string>> Addresses(const std::string& name, AddressFamily family) = 0;
};

// What the C library knows: hosts file, DNS, whatever nsswitch.conf says.
class SystemNameLookup final : public NameLookup {
 public:
  Result<std::vector<std::string>> Addresses(const std::string& name, AddressFamily family) override;
};

}  // namespace ballast
