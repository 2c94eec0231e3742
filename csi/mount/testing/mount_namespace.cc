#include "csi/mount/testing/mount_namespace.h"

#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>

#include "base/check.h"
#include "base/strings.h"

namespace ballast::driver {
namespace {

std::string EnterNamespace() {
  BALLAST_CHECK(::unshare(CLONE_NEWNS) == 0) << "unshare a mount namespace (run the tests as root): " << errno;
  BALLAST_CHECK(::mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) == 0) << errno;
  std::array<char, 4096> base{};
  BALLAST_CHECK(::realpath("/mnt", base.data()) != nullptr) << errno;
  BALLAST_CHECK(::mount("ballast-test", base.data(), "tmpfs", 0, "mode=0755") == 0) << errno;
  return base.data();
}

}  // namespace

std::string PrivateDirectory() {
  static const std::string base = EnterNamespace();
  static int count = 0;
  std::string path = StrCat(base, "/", ++count);
  BALLAST_CHECK(::mkdir(path.c_str(), 0755) == 0) << errno;
  return path;
}

}  // namespace ballast::driver
