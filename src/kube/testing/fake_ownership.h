// Who owns which field of an object: server-side apply's rules, with lists as one value (finalizers: each by itself).
#pragma once

#include <map>
#include <set>
#include <string>

#include "base/status.h"
#include "kube/json.h"

namespace ballast {

// A value; not thread-safe. Paths are JSON pointers.
class FieldOwners {
 public:
  // `live` with what `manager` applies. FailedPrecondition names the other owners of fields that would change.
  Result<Json> Apply(const Json& live, const Json& applied, const std::string& manager);
  // Another kind of write turned `before` into `after`: it owns what it changed.
  void Wrote(const Json& before, const Json& after);

 private:
  using Paths = std::set<std::string>;

  Status CheckConflicts(const Json& live, const Json& applied, const Paths& paths, const std::string& manager) const;
  bool HasOwner(const std::string& path) const;

  std::map<std::string, Paths> owned_;  // by manager; kWriter: create, update and patch
};

}  // namespace ballast
