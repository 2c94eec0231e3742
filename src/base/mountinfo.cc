#include "base/mountinfo.h"

#include <algorithm>

#include "base/small_file.h"
#include "base/strings.h"

namespace ballast {
namespace {

constexpr size_t kMaxTable = 64 << 20;  // a line has some hundred bytes, a busy node some thousand lines

bool IsOctal(char c) { return c >= '0' && c <= '7'; }

// The kernel writes space, tab, newline, backslash and '#' as a backslash and three octal digits.
std::string Unescaped(std::string_view field) {
  std::string out;
  for (size_t i = 0; i < field.size(); ++i) {
    const bool escape = field[i] == '\\' && i + 3 < field.size() && field[i + 1] <= '3' && IsOctal(field[i + 1]) &&
                        IsOctal(field[i + 2]) && IsOctal(field[i + 3]);
    if (!escape) {
      out += field[i];
      continue;
    }
    out += static_cast<char>((field[i + 1] - '0') * 64 + (field[i + 2] - '0') * 8 + (field[i + 3] - '0'));
    i += 3;
  }
  return out;
}

// id parent device root mount-point options [optional fields...] - type source [super options]
bool ParseLine(std::string_view line, MountInfo& mount) {
  const std::vector<std::string_view> fields = Split(line, ' ');
  const auto dash = std::find(fields.begin() + std::min<size_t>(6, fields.size()), fields.end(), "-");
  if (fields.end() - dash < 3) return false;
  if (!ParseUint64(fields[0], mount.id) || !ParseUint64(fields[1], mount.parent_id)) return false;
  mount.device = fields[2];
  mount.root = Unescaped(fields[3]);
  mount.mount_point = Unescaped(fields[4]);
  mount.options = fields[5];
  mount.shared = std::any_of(fields.begin() + 6, dash, [](std::string_view f) { return f.starts_with("shared:"); });
  mount.fs_type = dash[1];
  mount.source = Unescaped(dash[2]);
  return true;
}

bool Contains(std::string_view dir, std::string_view path) {
  return dir == "/" || path == dir || (path.starts_with(dir) && path[dir.size()] == '/');
}

}  // namespace

bool MountInfo::HasOption(std::string_view option) const {
  const std::vector<std::string_view> all = Split(options, ',');
  return std::find(all.begin(), all.end(), option) != all.end();
}

Result<std::vector<MountInfo>> ParseMountInfo(std::string_view text) {
  std::vector<MountInfo> mounts;
  for (const std::string_view line : Split(text, '\n')) {
    if (line.empty()) continue;
    MountInfo mount;
    if (!ParseLine(line, mount)) return InvalidArgument(StrCat("mountinfo: cannot read the line ", Quoted(line)));
    mounts.push_back(std::move(mount));
  }
  return mounts;
}

Result<std::vector<MountInfo>> ReadMountInfo() {
  ASSIGN_OR_RETURN(const std::string text, ReadSmallFile("/proc/thread-self/mountinfo", kMaxTable));
  return ParseMountInfo(text);
}

const MountInfo* MountThatHolds(const std::vector<MountInfo>& mounts, std::string_view path) {
  const MountInfo* holder = nullptr;
  for (const MountInfo& mount : mounts) {
    if (!Contains(mount.mount_point, path)) continue;
    if (holder == nullptr || mount.mount_point.size() >= holder->mount_point.size()) holder = &mount;
  }
  return holder;
}

}  // namespace ballast
