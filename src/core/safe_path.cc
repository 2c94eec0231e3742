#include "core/safe_path.h"

#include <utf8proc.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <memory>

#include "base/strings.h"

namespace ballast {
namespace {

constexpr size_t kMaxComponentBytes = 255;
constexpr size_t kMaxPathBytes = 1024;
constexpr size_t kMaxDepth = 64;

std::string_view TrimRight(std::string_view text) {
  const size_t last = text.find_last_not_of(' ');
  return text.substr(0, last == text.npos ? 0 : last + 1);
}

// Windows opens these devices whatever follows the first dot ("nul.txt"), and takes superscript digits for digits.
bool IsWindowsDevice(std::string_view name) {
  static constexpr std::array<std::string_view, 6> kWords = {"con", "prn", "aux", "nul", "conin$", "conout$"};
  static constexpr std::array<std::string_view, 3> kSuperscripts = {"\u00b9", "\u00b2", "\u00b3"};
  const std::string_view stem_as_written = TrimRight(name.substr(0, name.find('.')));
  if (stem_as_written.size() < 3 || stem_as_written.size() > 7) return false;
  const std::string stem = ToLower(stem_as_written);
  if (std::find(kWords.begin(), kWords.end(), stem) != kWords.end()) return true;
  if (!stem.starts_with("com") && !stem.starts_with("lpt")) return false;
  const std::string_view number = std::string_view(stem).substr(3);
  if (number.size() == 1) return number[0] >= '0' && number[0] <= '9';
  return std::find(kSuperscripts.begin(), kSuperscripts.end(), number) != kSuperscripts.end();
}

std::string_view BrokenByByte(unsigned char byte) {
  if (byte < 0x20 || byte == 0x7f) return "holds a control byte";
  switch (byte) {
    case '\\':
      return "holds a backslash, which Windows takes for a '/'";
    case '<':
    case '>':
    case ':':
    case '"':
    case '|':
    case '?':
    case '*':
      return "holds one of < > : \" | ? *, which not every system can store";
    default:
      return "";
  }
}

// Each of these returns the rule that is broken, "" where none is.
std::string_view BrokenByBytes(std::string_view text) {
  bool ascii = true;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (const std::string_view broken = BrokenByByte(byte); !broken.empty()) return broken;
    ascii = ascii && byte < 0x80;
  }
  return ascii || IsUtf8(text) ? "" : "is not valid UTF-8";
}

std::string_view BrokenByComponent(std::string_view name) {
  if (name.empty()) return "has an empty component";
  if (name == "." || name == "..") return "has a \".\" or \"..\" component";
  if (name.size() > kMaxComponentBytes) return "has a component of more than 255 bytes";
  if (name.ends_with('.') || name.ends_with(' ')) return "has a component that ends with a dot or a space";
  if (name.front() == '.' && ToLower(name) == ".ballast") return "uses \".ballast\", which Ballast keeps for itself";
  if (name.front() == '.' && ToLower(name) == ".git")
    return "uses \".git\", which would make a git repository of the directory";
  return IsWindowsDevice(name) ? "has a component that is a device's name on Windows" : "";
}

std::string_view BrokenByPath(std::string_view path) {
  if (path.empty()) return "is empty";
  if (path.size() > kMaxPathBytes) return "has more than 1024 bytes";
  if (path.front() == '/') return "is absolute";
  if (static_cast<size_t>(std::count(path.begin(), path.end(), '/')) >= kMaxDepth) return "is more than 64 levels deep";
  if (const std::string_view broken = BrokenByBytes(path); !broken.empty()) return broken;
  for (size_t start = 0, end = 0; end != path.npos; start = end + 1) {
    end = path.find('/', start);
    if (const std::string_view broken = BrokenByComponent(path.substr(start, end - start)); !broken.empty())
      return broken;
  }
  return "";
}

bool IsAscii(std::string_view text) {
  return std::none_of(text.begin(), text.end(), [](char c) { return static_cast<unsigned char>(c) >= 0x80; });
}

// Equal for two paths that a file system which ignores case and normal form takes for one.
std::string FoldUnicode(const std::string& path) {
  if (IsAscii(path)) return ToLower(path);
  utf8proc_uint8_t* folded = nullptr;
  const auto options = static_cast<utf8proc_option_t>(UTF8PROC_STABLE | UTF8PROC_COMPOSE | UTF8PROC_CASEFOLD);
  const utf8proc_ssize_t size = utf8proc_map(reinterpret_cast<const utf8proc_uint8_t*>(path.data()),
                                             static_cast<utf8proc_ssize_t>(path.size()), &folded, options);
  const std::unique_ptr<utf8proc_uint8_t, decltype(&std::free)> owner(folded, &std::free);
  BALLAST_CHECK(size >= 0) << "a SafePath that is not UTF-8: " << utf8proc_errmsg(size);
  return {reinterpret_cast<const char*>(folded), static_cast<size_t>(size)};
}

// '/' becomes the least byte (no path holds a NUL), so that a directory sorts right before what is in it.
std::string SortKey(const SafePath& path) {
  std::string key = FoldUnicode(path.str());
  std::replace(key.begin(), key.end(), '/', '\0');
  return key;
}

Status ExplainTwins(const SafePath& first, const SafePath& second, bool same_key) {
  const char* problem = first == second ? " is listed twice: "
                        : same_key      ? " differ only in case or Unicode form, and not every file system keeps both: "
                                        : " is both a file and a directory: ";
  const std::string names =
      first == second || !same_key ? Quoted(first.str()) : StrCat(Quoted(first.str()), " and ", Quoted(second.str()));
  const std::string also = same_key ? "" : StrCat(Quoted(second.str()), " lies below it; ");
  return InvalidArgument(StrCat(names, problem, also, "leave one of them out with `exclude`"));
}

}  // namespace

bool IsUtf8(std::string_view text) {
  const auto* at = reinterpret_cast<const utf8proc_uint8_t*>(text.data());
  auto left = static_cast<utf8proc_ssize_t>(text.size());
  while (left > 0) {
    utf8proc_int32_t character = 0;
    const utf8proc_ssize_t size = utf8proc_iterate(at, left, &character);
    if (size <= 0) return false;
    at += size;
    left -= size;
  }
  return true;
}

Result<SafePath> SafePath::Parse(std::string_view path) {
  if (const std::string_view broken = BrokenByPath(path); !broken.empty()) {
    return InvalidArgument(StrCat("file name ", Quoted(path), " ", broken, "; leave it out with `exclude`"));
  }
  return SafePath(std::string(path));
}

std::vector<std::string_view> SafePath::Components() const { return Split(path_, '/'); }

std::ostream& operator<<(std::ostream& out, const SafePath& path) { return out << Quoted(path.str(), kMaxPathBytes); }

Status CheckSafeName(std::string_view name) {
  std::string_view broken = name.find('/') == name.npos ? BrokenByBytes(name) : "holds a '/'";
  if (broken.empty()) broken = BrokenByComponent(name);
  return broken.empty() ? OkStatus() : InvalidArgument(StrCat("name ", Quoted(name), " ", broken));
}

Status CheckPathSet(const std::vector<SafePath>& paths) {
  std::vector<std::pair<std::string, const SafePath*>> keys;
  keys.reserve(paths.size());
  for (const SafePath& path : paths) keys.emplace_back(SortKey(path), &path);
  std::sort(keys.begin(), keys.end(), [](const auto& a, const auto& b) { return a.first < b.first; });
  for (size_t i = 1; i < keys.size(); ++i) {
    const auto& [before, before_path] = keys[i - 1];
    const auto& [key, path] = keys[i];
    if (key == before) return ExplainTwins(std::min(*before_path, *path), std::max(*before_path, *path), true);
    if (key.size() > before.size() && key.starts_with(before) && key[before.size()] == '\0') {
      return ExplainTwins(*before_path, *path, false);
    }
  }
  return OkStatus();
}

}  // namespace ballast
