// Input: lines. Each line is a path; the first also serves as a pattern. Rules: a safe path has no component that leads
// out of its directory; a set is judged the same in any order; a path matches itself where it holds no pattern
// character.
#include <algorithm>

#include "base/check.h"
#include "base/strings.h"
#include "core/glob.h"
#include "core/safe_path.h"

namespace ballast {
namespace {

void CheckHarmless(const SafePath& path) {
  BALLAST_CHECK(path.str().front() != '/' && path.str().find('\0') == std::string::npos);
  for (const std::string_view component : path.Components()) {
    BALLAST_CHECK(!component.empty() && component != "." && component != ".." && component.size() <= 255);
    BALLAST_CHECK(CheckSafeName(component).ok());
  }
}

void Run(std::string_view text) {
  const std::vector<std::string_view> lines = Split(text, '\n');
  std::vector<SafePath> paths;
  for (const std::string_view line : lines) {
    (void)GlobMatch(lines[0], line);
    const Result<SafePath> path = SafePath::Parse(line);
    if (!path.ok()) continue;
    CheckHarmless(*path);
    if (line.find('[') == line.npos) BALLAST_CHECK(GlobMatch(line, line));  // a safe path holds no '*' or '?'
    paths.push_back(*path);
  }
  const bool ok = CheckPathSet(paths).ok();
  std::reverse(paths.begin(), paths.end());
  BALLAST_CHECK(CheckPathSet(paths).ok() == ok);
}

}  // namespace
}  // namespace ballast

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  ballast::Run({reinterpret_cast<const char*>(data), size});
  return 0;
}
