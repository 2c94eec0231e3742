// Threads where the system may have none to give: RLIMIT_NPROC, or pids.max of the cgroup.
#pragma once

#include <optional>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

namespace ballast {

inline constexpr char kMoreThreads[] =
    "raise the limit of processes (pids.max of the cgroup, LimitNPROC of the unit, or ulimit -u)";

// Says so in one line on stderr, and ends the process with status 1.
//
// For what a program can't be without. An exception would not do: unwinding joins threads that nobody has told to stop,
// in libraries, too. What is on the disk holds after any end.
[[noreturn]] void EndForLackOfThreads(const std::system_error& error);

// `run` as std::jthread takes it.
template <typename Run>
std::jthread StartThread(Run&& run) {
  try {
    return std::jthread(std::forward<Run>(run));
  } catch (const std::system_error& error) {
    EndForLackOfThreads(error);
  }
}

// For one of several that do the same. Null where there is none.
template <typename Run>
std::optional<std::jthread> TryStartThread(Run&& run) {
  try {
    return std::jthread(std::forward<Run>(run));
  } catch (const std::system_error&) {
    return std::nullopt;
  }
}

// On a new one of `threads`; where there is none, here and now.
template <typename Run>
void RunBeside(std::vector<std::jthread>& threads, Run run) {
  std::optional<std::jthread> thread = TryStartThread(run);
  if (thread) {
    threads.push_back(*std::move(thread));
  } else {
    run();
  }
}

}  // namespace ballast
