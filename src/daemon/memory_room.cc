#include "daemon/memory_room.h"

#include <algorithm>
#include <charconv>
#include <string_view>

#include "base/small_file.h"
#include "base/strings.h"

namespace ballast {
namespace {

constexpr size_t kMaxFile = 1 << 20;

std::optional<uint64_t> NumberOf(std::string_view text) {
  uint64_t number = 0;
  const std::string_view trimmed = Trim(text);
  const auto [end, error] = std::from_chars(trimmed.data(), trimmed.data() + trimmed.size(), number);
  const bool whole = end == trimmed.data() + trimmed.size() || *end == ' ';  // a unit may follow
  return error == std::errc() && whole ? std::optional(number) : std::nullopt;
}

// What follows `key` on its line, before which nothing but a number may stand.
std::optional<std::string> ValueOf(const std::string& text, std::string_view key) {
  for (const std::string_view line : Split(text, '\n')) {
    const size_t begin = std::min(line.find_first_not_of("0123456789"), line.size());
    if (line.starts_with(key)) return std::string(line.substr(key.size()));
    if (line.substr(begin).starts_with(key)) return std::string(line.substr(begin + key.size()));
  }
  return std::nullopt;
}

uint64_t NumberOf(const std::string& text, std::string_view key) {
  const auto value = ValueOf(text, key);
  return value ? NumberOf(*value).value_or(0) : 0;
}

// How the two versions of cgroups call the same things.
struct Dialect {
  std::string_view own;      // begins the line of /proc/self/cgroup that names ours
  std::string_view root;     // below /sys/fs/cgroup
  std::string_view limit;    // or "max"; of the first version a number beyond all memory
  std::string_view charged;  // with page cache
  std::string_view active;   // page cache, in memory.stat
  std::string_view inactive;
};
constexpr Dialect kSecond = {"0::", "", "/memory.max", "/memory.current", "active_file ", "inactive_file "};
constexpr Dialect kFirst = {":memory:",
                            "/memory",
                            "/memory.limit_in_bytes",
                            "/memory.usage_in_bytes",
                            "total_active_file ",
                            "total_inactive_file "};

// nullopt: it has none, as the root.
std::optional<MemoryLimit> LimitOf(const std::string& cgroup, const Dialect& dialect) {
  const auto max = ReadSmallFile(StrCat(cgroup, dialect.limit), kMaxFile);
  const auto current = ReadSmallFile(StrCat(cgroup, dialect.charged), kMaxFile);
  const auto stat = ReadSmallFile(cgroup + "/memory.stat", kMaxFile);
  if (!max.ok() || !current.ok() || !stat.ok()) return std::nullopt;
  const std::optional<uint64_t> limit = NumberOf(*max);
  if (!limit) return std::nullopt;
  const uint64_t charged = NumberOf(*current).value_or(0);
  const uint64_t cached = NumberOf(*stat, dialect.active) + NumberOf(*stat, dialect.inactive);
  return MemoryLimit{.limit_bytes = *limit, .kept_bytes = charged - std::min(charged, cached)};
}

// Of the cgroup "/a/b" and those that it is in. In a container some of them can't be seen, and its own is the root.
std::optional<MemoryLimit> TightestLimit(const std::string& root, std::string path, const Dialect& dialect) {
  std::optional<MemoryLimit> tightest;
  for (;;) {
    const auto limit = LimitOf(root + path, dialect);
    if (limit && (!tightest || limit->left() < tightest->left())) tightest = limit;
    const size_t slash = path.rfind('/');
    if (slash == std::string::npos) return tightest;
    path.resize(slash);
  }
}

}  // namespace

MemoryRoom RoomToWarm(const MemoryFacts& facts, int32_t percent) {
  const uint64_t share = facts.available_bytes / 100 * static_cast<uint64_t>(percent);
  if (facts.limit && facts.limit->left() < share) {
    return {.bytes = facts.limit->left(),
            .limited_by = StrCat("ballastd's own memory limit is ", FormatBytes(facts.limit->limit_bytes),
                                 ", and what it reads ahead is charged to it; raise the limit or remove it")};
  }
  return {.bytes = share,
          .limited_by = StrCat("pageCache.warmPercent lets it take ", percent, " % of the ",
                               FormatBytes(facts.available_bytes), " of memory that the node has available")};
}

Result<MemoryFacts> ReadMemoryFacts(const std::string& proc, const std::string& cgroups) {
  ASSIGN_OR_RETURN(const std::string memory, ReadSmallFile(proc + "/meminfo", kMaxFile));
  MemoryFacts facts{.available_bytes = NumberOf(memory, "MemAvailable:") << 10};
  const auto own = ReadSmallFile(proc + "/self/cgroup", kMaxFile);
  if (!own.ok()) return facts;
  for (const Dialect& dialect : {kSecond, kFirst}) {
    const auto path = ValueOf(*own, dialect.own);
    if (path && !facts.limit) facts.limit = TightestLimit(StrCat(cgroups, dialect.root), *path, dialect);
  }
  return facts;
}

}  // namespace ballast
