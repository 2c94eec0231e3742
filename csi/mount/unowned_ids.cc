#include "csi/mount/unowned_ids.h"

#include <fcntl.h>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <string>
#include <string_view>

#include "base/errno_status.h"
#include "base/strings.h"

namespace ballast::driver {
namespace {

// The highest valid id but one: 2^32-1 means "no id", 2^32-2 is some systems' nobody.
constexpr std::string_view kMap = "4294967293 4294967293 1";

Status Failed(const std::string& what) { return {StatusCode::kFailedPrecondition, ErrnoStatus(errno, what).message()}; }

Status WriteFile(const std::string& path, std::string_view text) {
  const UniqueFd fd(::open(path.c_str(), O_WRONLY | O_CLOEXEC));
  if (!fd.valid() || ::write(fd.get(), text.data(), text.size()) != static_cast<ssize_t>(text.size())) {
    return Failed("write " + path);
  }
  return OkStatus();
}

// The child's part. It goes with its parent, whatever ends that: nobody else knows of it.
[[noreturn]] void Sleep(pid_t parent) {
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  while (::getppid() == parent) ::pause();  // another: the parent has ended before it was asked
  ::_exit(0);
}

// A child in a user namespace of its own that does nothing until it is killed.
class Sleeper {
 public:
  Sleeper() {
    const pid_t parent = ::getpid();
    pid_ = static_cast<pid_t>(::syscall(SYS_clone, CLONE_NEWUSER | SIGCHLD, nullptr, nullptr, nullptr, nullptr));
    if (pid_ == 0) Sleep(parent);
  }
  ~Sleeper() {
    if (pid_ < 0) return;
    ::kill(pid_, SIGKILL);
    while (::waitpid(pid_, nullptr, 0) < 0 && errno == EINTR) {
    }
  }
  Sleeper(const Sleeper&) = delete;
  Sleeper& operator=(const Sleeper&) = delete;

  pid_t pid() const { return pid_; }

 private:
  pid_t pid_ = -1;
};

}  // namespace

Result<UniqueFd> MakeUnownedIds() {
  const Sleeper sleeper;
  if (sleeper.pid() < 0) return Failed("make a user namespace");
  const std::string proc = StrCat("/proc/", sleeper.pid());
  RETURN_IF_ERROR(WriteFile(proc + "/uid_map", kMap));
  RETURN_IF_ERROR(WriteFile(proc + "/gid_map", kMap));
  UniqueFd fd(::open((proc + "/ns/user").c_str(), O_RDONLY | O_CLOEXEC));
  if (!fd.valid()) return Failed("open " + proc + "/ns/user");
  return fd;
}

}  // namespace ballast::driver
