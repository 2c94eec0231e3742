#include "base/failpoint.h"

#if defined(BALLAST_FAILPOINTS)

#include <signal.h>  // NOLINT(modernize-deprecated-headers): kill()
#include <unistd.h>

#include <atomic>
#include <cstdlib>
#include <string>
#include <string_view>

#include "base/strings.h"

namespace ballast {
namespace {

struct Wanted {
  std::string name;
  uint64_t passage = 1;

  static Wanted FromEnvironment() {
    const char* value = std::getenv("BALLAST_FAILPOINT");
    if (value == nullptr) return {};
    const auto parts = Split(value, ':');
    Wanted wanted{std::string(parts[0]), 1};
    if (parts.size() == 2) (void)ParseUint64(parts[1], wanted.passage);  // else the first
    return wanted;
  }
};

}  // namespace

void Failpoint(const char* name) {
  static const Wanted wanted = Wanted::FromEnvironment();
  static std::atomic<uint64_t> passages = 0;
  if (wanted.name == name && ++passages == wanted.passage) ::kill(::getpid(), SIGKILL);
}

}  // namespace ballast

#endif
