#include "daemon/stop_limit.h"

#include <unistd.h>

#include <csignal>
#include <string_view>

namespace ballast {
namespace {

constexpr std::string_view kWords =
    "ballastd: the stop takes too long (is the cache's disk slow?), so this process ends at once; nothing is lost: the "
    "next start goes on from what is on the disk\n";

extern "C" void EndNow(int /*signal*/) {
  [[maybe_unused]] const ssize_t written = ::write(STDERR_FILENO, kWords.data(), kWords.size());
  ::_exit(1);
}

}  // namespace

void LimitStop(std::chrono::seconds limit) {
  std::signal(SIGALRM, EndNow);
  ::alarm(static_cast<unsigned>(limit.count()));
}

}  // namespace ballast
