// What the apiserver is asked about: a resource type, an object's name, and the paths that they make.
#pragma once

#include <compare>
#include <ostream>
#include <string>

#include "base/status.h"
#include "kube/json.h"

namespace ballast {

// {"ballast.dev", "v1alpha1", "modelcaches", true}; the core group is "".
struct KubeResource {
  std::string group;
  std::string version;
  std::string plural;
  bool namespaced = true;

  std::string ApiVersion() const { return group.empty() ? version : group + "/" + version; }
  // "modelcaches.ballast.dev", "configmaps": as the apiserver writes it in messages.
  std::string FullName() const { return group.empty() ? plural : plural + "." + group; }

  friend auto operator<=>(const KubeResource&, const KubeResource&) = default;
};

struct ObjectName {
  std::string ns;  // "" for what is cluster-scoped
  std::string name;

  // "default/foo", "foo"
  std::string ToString() const { return ns.empty() ? name : ns + "/" + name; }

  friend auto operator<=>(const ObjectName&, const ObjectName&) = default;
};
std::ostream& operator<<(std::ostream& out, const ObjectName& name);

// Of metadata; "" where it has none.
ObjectName NameOf(const Json& object);
std::string UidOf(const Json& object);
std::string ResourceVersionOf(const Json& object);
int64_t GenerationOf(const Json& object);
bool IsBeingDeleted(const Json& object);

// InvalidArgument where `object` does not say which resourceVersion it was read with, or not its name.
Status CheckUpdatable(const Json& object);

// "/api/v1/namespaces/default/configmaps". No namespace: of all namespaces.
std::string CollectionPath(const KubeResource& resource, const std::string& ns);
// InvalidArgument where the apiserver would see another path: no name, a namespace too few or too many, "..".
Result<std::string> ObjectPath(const KubeResource& resource, const ObjectName& name);

// Everything but RFC 3986's unreserved characters as %XX.
std::string PercentEncode(std::string_view text);

}  // namespace ballast
