#include "base/run_program.h"

#include <gtest/gtest.h>
#include <signal.h>

namespace ballast {
namespace {

Result<std::string> Shell(const std::string& script,
                          std::vector<std::pair<std::string, std::string>> environment = {}) {
  return RunProgram({.program = "sh", .arguments = {"-c", script}, .environment = std::move(environment)});
}

TEST(RunProgramTest, ItsOutputIsReturned) {
  const auto output = Shell("printf 'a\\0b\\n'");
  ASSERT_TRUE(output.ok()) << output.status();
  EXPECT_EQ(*output, std::string("a\0b\n", 4));
}

TEST(RunProgramTest, ItHasOurEnvironmentAndWhatItIsGiven) {
  ASSERT_EQ(::setenv("BALLAST_RUN_TEST", "ours", 1), 0);
  EXPECT_EQ(*Shell("echo $BALLAST_RUN_TEST $MORE", {{"MORE", "more"}}), "ours more\n");
  EXPECT_EQ(*Shell("echo $BALLAST_RUN_TEST", {{"BALLAST_RUN_TEST", "its"}}), "its\n");
}

TEST(RunProgramTest, ItHasNoInputUnlessItIsGivenOurs) {
  EXPECT_EQ(*Shell("cat; readlink /proc/self/fd/0"), "/dev/null\n");
}

TEST(RunProgramTest, WhatWeBlockAndIgnoreReachesIt) {
  ::signal(SIGPIPE, SIG_IGN);
  sigset_t interrupt;
  ::sigemptyset(&interrupt);
  ::sigaddset(&interrupt, SIGINT);
  ASSERT_EQ(::pthread_sigmask(SIG_BLOCK, &interrupt, nullptr), 0);
  EXPECT_EQ(Shell("kill -INT $$; echo on").status().message(), "it was ended by signal 2");
  EXPECT_EQ(Shell("kill -PIPE $$; echo on").status().message(), "it was ended by signal 13");
  ::pthread_sigmask(SIG_UNBLOCK, &interrupt, nullptr);
}

TEST(RunProgramTest, ItsFailuresAreNamed) {
  const Status missing = RunProgram({.program = "no-such-program"}).status();
  EXPECT_EQ(missing.code(), StatusCode::kNotFound);
  EXPECT_EQ(missing.message(), "run \"no-such-program\": No such file or directory");
  const Status failed = Shell("echo half; exit 3").status();
  EXPECT_EQ(failed.code(), StatusCode::kFailedPrecondition);
  EXPECT_EQ(failed.message(), "it ended with status 3");
}

TEST(RunProgramTest, OneThatNeverEndsIsEndedOnceItSaidTooMuch) {
  const Status status = RunProgram({.program = "yes", .max_output = 100}).status();
  EXPECT_EQ(status.code(), StatusCode::kResourceExhausted) << status;
}

}  // namespace
}  // namespace ballast
