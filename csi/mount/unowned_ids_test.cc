#include "csi/mount/unowned_ids.h"

#include <gtest/gtest.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <thread>

namespace ballast::driver {
namespace {

constexpr int kKills = 200;
constexpr std::chrono::microseconds kLater{2};  // each than the one before

// A process that makes namespaces, and says before each that it is about to.
pid_t StartMaker(int tell) {
  const pid_t pid = ::fork();
  if (pid != 0) return pid;
  while (::write(tell, "x", 1) == 1 && MakeUnownedIds().ok()) {
  }
  ::_exit(1);
}

void SpinFor(std::chrono::microseconds time) {
  const auto until = std::chrono::steady_clock::now() + time;
  while (std::chrono::steady_clock::now() < until) {
  }
}

// Whether all children of this process end by themselves.
bool AllEnd() {
  const auto until = std::chrono::steady_clock::now() + std::chrono::seconds(20);
  pid_t pid = 0;
  while ((pid = ::waitpid(-1, nullptr, WNOHANG)) >= 0 && std::chrono::steady_clock::now() < until) {
    if (pid == 0) std::this_thread::yield();
  }
  return pid < 0 && errno == ECHILD;
}

TEST(UnownedIdsTest, AKillLeavesNoProcess) {
  if (!MakeUnownedIds().ok()) GTEST_SKIP() << "needs user namespaces";
  ASSERT_EQ(::prctl(PR_SET_CHILD_SUBREAPER, 1), 0) << "what a killed process leaves becomes a child of this one";
  for (int i = 0; i < kKills; ++i) {
    std::array<int, 2> told{};
    ASSERT_EQ(::pipe(told.data()), 0);
    const pid_t maker = StartMaker(told[1]);
    ASSERT_GT(maker, 0);
    char word = 0;
    ASSERT_EQ(::read(told[0], &word, 1), 1);
    SpinFor(i * kLater);
    ::kill(maker, SIGKILL);
    ::close(told[0]);
    ::close(told[1]);
    ASSERT_TRUE(AllEnd()) << "kill " << i;
  }
}

}  // namespace
}  // namespace ballast::driver
