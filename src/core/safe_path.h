// Names that come from elsewhere (hub listings, manifests) and become file names here.
#pragma once

#include <compare>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"

namespace ballast {

// A relative path of at least one component that is harmless under POSIX and Windows rules: '/'-separated, no empty,
// "." or ".." component, no backslash, colon, control byte or Windows-reserved character or device name, no trailing
// dot or space, valid UTF-8, components <= 255 bytes, path <= 1,024 bytes and <= 64 components deep; no component that
// Ballast keeps for itself (".ballast") or that makes a directory a git repository (".git": its config names programs
// to run), in whatever case. A value; only Parse makes one, so holding one is the proof.
class SafePath {
 public:
  // InvalidArgument quotes the offending name (escaped) and says which rule it breaks.
  static Result<SafePath> Parse(std::string_view path);

  const std::string& str() const { return path_; }
  // Views into str().
  std::vector<std::string_view> Components() const;

  friend auto operator<=>(const SafePath&, const SafePath&) = default;

 private:
  explicit SafePath(std::string path) : path_(std::move(path)) {}
  std::string path_;
};

std::ostream& operator<<(std::ostream& out, const SafePath& path);

// One file-name component by the same rules (a snapshot id, a cache's name).
Status CheckSafeName(std::string_view name);

// Valid UTF-8: no overlong form, surrogate or number above U+10FFFF.
bool IsUtf8(std::string_view text);

// A whole listing: no path twice, none both file and directory, none equal to another after Unicode normalization (NFC)
// and case folding. InvalidArgument names both entries and the remedy (exclude one of them). A million paths take about
// a second and twice their bytes of memory.
Status CheckPathSet(const std::vector<SafePath>& paths);

}  // namespace ballast
