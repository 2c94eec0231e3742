#include "csi/mount/linux_mounter.h"

#include <fcntl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <thread>

#include "csi/mount/testing/mount_namespace.h"
#include "csi/mount/testing/mounter_conformance.h"

namespace ballast::driver {
namespace {

namespace fs = std::filesystem;

constexpr const char* kView = "views/a1/data";

void WriteFile(const fs::path& path, const std::string& text, mode_t mode) {
  std::ofstream(path) << text;
  ASSERT_EQ(::chmod(path.c_str(), mode), 0);
}

std::string ReadFile(const fs::path& path) {
  std::ifstream in(path);
  return {std::istreambuf_iterator<char>(in), {}};
}

class LinuxWorld final : public MounterWorld {
 public:
  LinuxWorld() : root_(PrivateDirectory()), cache_(root_ + "/cache") {
    fs::create_directory(cache_);
    mounter_ = LinuxMounter::Open(cache_).value();
  }

  Mounter& mounter() override { return *mounter_; }
  std::string root() const override { return root_; }
  const std::string& cache() const { return cache_; }
  void AddView(const std::string& view) override {
    fs::create_directories(cache_ + "/" + view);
    WriteFile(cache_ + "/" + view + "/weights", "bytes", 0444);
  }
  void RemoveView(const std::string& view) override { fs::remove_all(cache_ + "/" + view); }
  void AddDirectory(const std::string& path) override { fs::create_directories(path); }
  void AddFile(const std::string& path) override { std::ofstream(path) << "x"; }
  void AddSymlink(const std::string& path) override {
    fs::create_directories(root_ + "/elsewhere");
    fs::create_symlink(root_ + "/elsewhere", path);
  }
  void AddForeignMount(const std::string& path) override {
    fs::create_directories(path);
    ASSERT_EQ(::mount("foreign", path.c_str(), "tmpfs", 0, nullptr), 0);
  }
  bool HasDirectory(const std::string& path) override { return fs::is_directory(path); }

 private:
  std::string root_;
  std::string cache_;
  std::unique_ptr<LinuxMounter> mounter_;
};

INSTANTIATE_TEST_SUITE_P(Linux, MounterConformanceTest, testing::Values([]() -> std::unique_ptr<MounterWorld> {
                           return std::make_unique<LinuxWorld>();
                         }));

class LinuxMounterTest : public testing::Test {
 protected:
  LinuxMounterTest() {
    world_.AddView(kView);
    world_.AddDirectory(Path("/pod"));
  }

  std::string Path(const std::string& below) const { return world_.root() + below; }
  MountInfo TopMount(const std::string& mount_point) {
    MountInfo found;
    const std::vector<MountInfo> mounts = ReadMountInfo().value();
    for (const MountInfo& mount : mounts) {
      if (mount.mount_point == mount_point) found = mount;
    }
    return found;
  }

  LinuxWorld world_;
  Mounter& mounter_ = world_.mounter();
};

int ErrnoOf(int result) { return result < 0 ? errno : 0; }
// As the kernel refuses somebody who may not (EROFS would be the mount's flag that root takes away).
bool Refused(int result) { return result < 0 && (errno == EACCES || errno == EPERM || errno == EOVERFLOW); }

TEST_F(LinuxMounterTest, MountsReadOnlyWithoutSuidAndDevices) {
  ASSERT_EQ(mounter_.Mount(kView, Path("/pod/v"), false), OkStatus());
  const MountInfo mount = TopMount(Path("/pod/v"));
  for (const char* option : {"ro", "nosuid", "nodev"}) EXPECT_TRUE(mount.HasOption(option)) << mount.options;
  EXPECT_EQ(ErrnoOf(::open(Path("/pod/v/new").c_str(), O_CREAT | O_WRONLY, 0600)), EROFS);
  EXPECT_EQ(ReadFile(Path("/pod/v/weights")), "bytes");
}

// What runc >= 1.2 does to a volume that a pod mounts without readOnly: true, tried as root with every capability.
TEST_F(LinuxMounterTest, RootCannotChangeAByteOfAnIdmappedMountEvenAfterRemountingIt) {
  ASSERT_EQ(mounter_.Mount(kView, Path("/pod/v"), true), OkStatus());
  const std::string target = Path("/pod/v");
  const std::string file = target + "/weights";
  ASSERT_EQ(::mount(nullptr, target.c_str(), nullptr, MS_REMOUNT | MS_BIND, nullptr), 0);
  ASSERT_TRUE(TopMount(target).HasOption("rw"));

  EXPECT_TRUE(Refused(::open(file.c_str(), O_WRONLY)));
  EXPECT_TRUE(Refused(::open(file.c_str(), O_WRONLY | O_TRUNC)));
  EXPECT_TRUE(Refused(::truncate(file.c_str(), 0)));
  EXPECT_TRUE(Refused(::unlink(file.c_str())));
  EXPECT_TRUE(Refused(::rename(file.c_str(), (target + "/other").c_str())));
  EXPECT_TRUE(Refused(::mkdir((target + "/d").c_str(), 0700)));
  EXPECT_TRUE(Refused(::link(file.c_str(), (target + "/hard").c_str())));
  EXPECT_TRUE(Refused(::open((target + "/new").c_str(), O_CREAT | O_WRONLY, 0600)));
  EXPECT_TRUE(Refused(::chmod(file.c_str(), 0666)));
  EXPECT_TRUE(Refused(::chown(file.c_str(), 1, 1)));
  EXPECT_TRUE(Refused(::utimensat(AT_FDCWD, file.c_str(), nullptr, 0)));

  const fs::path blob = fs::path(world_.cache()) / kView / "weights";
  EXPECT_EQ(ReadFile(blob), "bytes");
  EXPECT_EQ(fs::status(blob).permissions(), fs::perms(0444));
  EXPECT_EQ(std::distance(fs::directory_iterator(blob.parent_path()), {}), 1);
}

bool CanReadAs(uid_t uid, const std::string& file) {
  const pid_t child = ::fork();
  if (child == 0) {
    if (::setresgid(uid, uid, uid) != 0 || ::setresuid(uid, uid, uid) != 0) ::_exit(2);
    const int fd = ::open(file.c_str(), O_RDONLY);
    char byte = 0;
    ::_exit(fd >= 0 && ::read(fd, &byte, 1) == 1 ? 0 : 1);
  }
  int status = -1;
  return ::waitpid(child, &status, 0) == child && status == 0;
}

TEST_F(LinuxMounterTest, EverybodyReadsThroughAnIdmappedMount) {
  ASSERT_EQ(mounter_.Mount(kView, Path("/pod/v"), true), OkStatus());
  for (const uid_t uid : {0U, 1U, 1000U, 65534U}) EXPECT_TRUE(CanReadAs(uid, Path("/pod/v/weights"))) << uid;
}

TEST_F(LinuxMounterTest, ViewsStayInsideTheCachesViews) {
  fs::create_directories(world_.cache() + "/blobs");
  fs::create_directories(Path("/outside"));
  fs::create_symlink(Path("/outside"), world_.cache() + "/views/link");
  for (const char* view : {"", "blobs", "views", "/views/a1/data", "views/../blobs", "views/../../outside",
                           "views/link", "views/a1/data/weights", "views/.", "views/a1/./data"}) {
    EXPECT_FALSE(mounter_.Mount(view, Path("/pod/v"), false).ok()) << view;
  }
  EXPECT_EQ(mounter_.Inspect(Path("/pod/v"))->kind, TargetKind::kMissing);
}

TEST_F(LinuxMounterTest, TheLongestPathWorks) {
  std::string parent = Path("/pod");
  while (parent.size() < 4095 - 256)
    parent += "/" + std::string(std::min<size_t>(200, 4095 - 129 - parent.size()), 'd');
  fs::create_directories(parent);
  const std::string target = parent + "/" + std::string(4095 - parent.size() - 1, 't');
  ASSERT_EQ(target.size(), 4095U);
  ASSERT_EQ(mounter_.Mount(kView, target, true), OkStatus());
  EXPECT_EQ(mounter_.Inspect(target)->kind, TargetKind::kView);
  EXPECT_EQ(mounter_.Unmount(target), OkStatus());
  EXPECT_EQ(mounter_.RemoveTarget(target), OkStatus());
}

TEST_F(LinuxMounterTest, WhoReadsKeepsReadingWhenTheVolumeGoes) {
  ASSERT_EQ(mounter_.Mount(kView, Path("/pod/v"), false), OkStatus());
  const UniqueFd reader(::open(Path("/pod/v/weights").c_str(), O_RDONLY));
  ASSERT_TRUE(reader.valid());
  ASSERT_EQ(mounter_.Unmount(Path("/pod/v")), OkStatus());
  ASSERT_EQ(mounter_.RemoveTarget(Path("/pod/v")), OkStatus());
  world_.RemoveView(kView);
  char bytes[5];
  EXPECT_EQ(::read(reader.get(), bytes, 5), 5);
}

TEST_F(LinuxMounterTest, MountsSurviveTheMounter) {
  ASSERT_EQ(mounter_.Mount(kView, Path("/pod/v"), true), OkStatus());
  const auto next = LinuxMounter::Open(world_.cache());
  ASSERT_TRUE(next.ok()) << next.status();
  EXPECT_EQ((*next)->Inspect(Path("/pod/v"))->kind, TargetKind::kView);
  EXPECT_EQ((*next)->List()->size(), 1U);
}

// A component of the target is exchanged for a link to a decoy all the time: whatever comes of a mount, the decoy stays
// untouched.
TEST_F(LinuxMounterTest, ASwappedComponentNeverRedirectsTheMount) {
  fs::create_directories(Path("/pod/real/dir"));
  fs::create_directories(Path("/decoy/dir"));
  fs::create_symlink(Path("/decoy"), Path("/pod/link"));
  std::atomic<bool> stop = false;
  std::jthread swapper([&] {
    while (!stop) {
      (void)::renameat2(AT_FDCWD, Path("/pod/real").c_str(), AT_FDCWD, Path("/pod/link").c_str(), RENAME_EXCHANGE);
    }
  });
  int mounted = 0;
  for (int i = 0; i < 2000; ++i) {
    if (!mounter_.Mount(kView, Path("/pod/real/dir/v"), false).ok()) continue;
    ++mounted;
    while (mounter_.Unmount(Path("/pod/real/dir/v")).ok()) {
    }
    EXPECT_TRUE(fs::is_empty(Path("/decoy/dir")));
  }
  stop = true;
  swapper.join();
  EXPECT_GT(mounted, 0);
  EXPECT_TRUE(fs::is_empty(Path("/decoy/dir")));
  const std::vector<MountedView> left = mounter_.List().value();
  for (const MountedView& view : left) EXPECT_FALSE(view.target.starts_with(Path("/decoy"))) << view.target;
}

TEST_F(LinuxMounterTest, OpenNamesACacheDirectoryThatIsMissing) {
  const auto mounter = LinuxMounter::Open(Path("/no-such-cache"));
  ASSERT_FALSE(mounter.ok());
  EXPECT_EQ(mounter.status().code(), StatusCode::kNotFound);
  EXPECT_NE(mounter.status().message().find("no-such-cache"), std::string::npos);
}

}  // namespace
}  // namespace ballast::driver
