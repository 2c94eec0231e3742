#include "kube/resource.h"

#include <cctype>

#include "base/strings.h"

namespace ballast {
namespace {

bool IsPathSegment(const std::string& text) { return !text.empty() && text != "." && text != ".."; }

}  // namespace

std::ostream& operator<<(std::ostream& out, const ObjectName& name) { return out << name.ToString(); }

ObjectName NameOf(const Json& object) {
  return {StringAt(object, "/metadata/namespace"), StringAt(object, "/metadata/name")};
}
std::string UidOf(const Json& object) { return StringAt(object, "/metadata/uid"); }
std::string ResourceVersionOf(const Json& object) { return StringAt(object, "/metadata/resourceVersion"); }
int64_t GenerationOf(const Json& object) { return IntAt(object, "/metadata/generation"); }
bool IsBeingDeleted(const Json& object) { return !StringAt(object, "/metadata/deletionTimestamp").empty(); }

Status CheckUpdatable(const Json& object) {
  if (!ResourceVersionOf(object).empty()) return OkStatus();
  return InvalidArgument(StrCat("update of ", NameOf(object), " without metadata.resourceVersion: read it first"));
}

std::string CollectionPath(const KubeResource& resource, const std::string& ns) {
  std::string path = resource.group.empty() ? "/api/" : StrCat("/apis/", PercentEncode(resource.group), "/");
  path += PercentEncode(resource.version);
  if (!ns.empty()) path += StrCat("/namespaces/", PercentEncode(ns));
  return StrCat(path, "/", PercentEncode(resource.plural));
}

Result<std::string> ObjectPath(const KubeResource& resource, const ObjectName& name) {
  const bool fits = resource.namespaced ? IsPathSegment(name.ns) : name.ns.empty();
  if (!fits || !IsPathSegment(name.name)) {
    return InvalidArgument(StrCat(Quoted(name.ToString()), " is no name of a ",
                                  resource.namespaced ? "namespaced" : "cluster-scoped", " object of ",
                                  resource.FullName()));
  }
  return StrCat(CollectionPath(resource, name.ns), "/", PercentEncode(name.name));
}

std::string PercentEncode(std::string_view text) {
  static constexpr char kHex[] = "0123456789ABCDEF";
  std::string out;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x80 && (std::isalnum(byte) != 0 || c == '-' || c == '.' || c == '_' || c == '~')) {
      out += c;
    } else {
      out.append({'%', kHex[byte >> 4], kHex[byte & 15]});
    }
  }
  return out;
}

}  // namespace ballast
