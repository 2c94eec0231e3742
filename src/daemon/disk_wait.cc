#include "daemon/disk_wait.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>

#include "base/logging.h"
#include "base/unique_fd.h"

namespace ballast {
namespace {

constexpr int kLookAgainMs = 5000;

}  // namespace

bool IsMountPoint(const std::string& dir) {
  struct statx facts {};
  if (::statx(AT_FDCWD, dir.c_str(), AT_SYMLINK_NOFOLLOW, 0, &facts) != 0) return false;
  if ((facts.stx_attributes_mask & STATX_ATTR_MOUNT_ROOT) != 0) {
    return (facts.stx_attributes & STATX_ATTR_MOUNT_ROOT) != 0;
  }
  struct stat own {};  // kernels before 5.8 tell by the device alone
  struct stat parent {};
  if (::stat(dir.c_str(), &own) != 0 || ::stat((dir + "/..").c_str(), &parent) != 0) return false;
  return own.st_dev != parent.st_dev;
}

// proc_pid_mountinfo(5): a change makes the file ready for POLLPRI.
void AwaitMountChange() {
  const UniqueFd mounts(::open("/proc/self/mountinfo", O_RDONLY | O_CLOEXEC));
  pollfd changes{.fd = mounts.get(), .events = POLLPRI, .revents = 0};
  ::poll(&changes, 1, kLookAgainMs);
}

void AwaitDisk(const DiskWait& wait) {
  bool told = false;
  while (!wait.mounted()) {
    if (!told) {
      const Status heard = wait.tell();
      told = heard.ok();
      if (!told) LOG(WARNING) << Message("Nobody could be told of it yet").With("error", heard);
    }
    wait.pause();
  }
}

}  // namespace ballast
