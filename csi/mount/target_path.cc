#include "base/strings.h"
#include "csi/mount/mounter.h"

namespace ballast::driver {

constexpr size_t kMaxPath = 4095;  // PATH_MAX without its NUL

Result<std::string> NormalizedTarget(const std::string& path) {
  if (path.size() > kMaxPath)
    return InvalidArgument(StrCat("the path has ", path.size(), " bytes, more than ", kMaxPath));
  if (!path.starts_with('/')) return InvalidArgument(StrCat("the path ", Quoted(path), " is not absolute"));
  if (path.find('\0') != std::string::npos)
    return InvalidArgument(StrCat("the path ", Quoted(path), " has a NUL byte"));
  std::string out;
  for (const std::string_view part : Split(path, '/')) {
    if (part == "..") return InvalidArgument(StrCat("the path ", Quoted(path), " has a \"..\" component"));
    if (!part.empty() && part != ".") out.append("/").append(part);
  }
  if (out.empty()) return InvalidArgument(StrCat("the path ", Quoted(path), " is the root directory"));
  return out;
}

std::string ParentOf(const std::string& normalized) {
  const size_t slash = normalized.rfind('/');
  return slash == 0 ? "/" : normalized.substr(0, slash);
}

}  // namespace ballast::driver
