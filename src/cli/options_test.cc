#include "cli/options.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "cli/exit_code.h"

namespace ballast::cli {
namespace {

using std::chrono::milliseconds;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

Result<Options> Parse(const std::vector<std::string>& arguments, const std::string& socket = "") {
  return ParseOptions(arguments, [&socket](const std::string& name) { return name == "BALLAST_SOCKET" ? socket : ""; });
}

TEST(OptionsTest, APullToADirectoryTakesPatternsLayoutAndStreams) {
  const auto options = Parse({"pull", "hf://a/b", "--to", "/d", "--include", "*.json", "--include", "*.txt",
                              "--exclude", "x/*", "--layout", "hf", "--streams", "4", "--output", "json"});
  ASSERT_TRUE(options.ok()) << options.status();
  const auto& pull = std::get<PullCommand>(options->command);
  EXPECT_EQ(pull.ref, "hf://a/b");
  EXPECT_EQ(pull.to, "/d");
  EXPECT_THAT(pull.filter.include, ElementsAre("*.json", "*.txt"));
  EXPECT_THAT(pull.filter.exclude, ElementsAre("x/*"));
  EXPECT_EQ(pull.layout, "hf");
  EXPECT_EQ(pull.streams, 4);
  EXPECT_TRUE(options->json);
}

TEST(OptionsTest, TheSocketComesFromTheFlagThenTheEnvironmentThenTheDefault) {
  EXPECT_EQ(Parse({"ls"})->socket, "/run/ballast/ballastd.sock");
  EXPECT_EQ(Parse({"ls"}, "/env.sock")->socket, "/env.sock");
  EXPECT_EQ(Parse({"--socket", "/flag.sock", "ls"}, "/env.sock")->socket, "/flag.sock");
  EXPECT_EQ(Parse({"ls", "--socket", "/flag.sock"}, "/env.sock")->socket, "/flag.sock");
}

TEST(OptionsTest, WaitTakesFractionsOfSeconds) {
  EXPECT_EQ(std::get<WaitCommand>(Parse({"wait", "/d", "--timeout", "1.5"})->command).timeout, milliseconds(1500));
  EXPECT_EQ(std::get<WaitCommand>(Parse({"wait", "/d"})->command).timeout, std::nullopt);
}

TEST(OptionsTest, MistakesNameTheNearestOrTheRule) {
  const std::pair<std::vector<std::string>, std::string> cases[] = {
      {{"pul", "x"}, "did you mean \"pull\"?"},
      {{}, "name a command"},
      {{"pull"}, "REF"},
      {{"rm"}, "MODEL"},
      {{"pull", "hf://a/b", "--layout", "tree"}, "layout"},
      {{"pull", "hf://a/b", "--include", "*.json"}, "need --to DIR"},
      {{"pull", "hf://a/b", "--to", "d", "--include", "/abs"}, "/abs"},
      {{"pull", "hf://a/b", "--to", "d", "--streams", "0"}, "streams"},
      {{"pull", "hf://a/b", "--streams", "4"}, "--streams requires --to"},
      {{"ls", "--output", "yaml"}, "output"},
      {{"wait", "/d", "--timeout", "-1"}, "timeout"},
      {{"certs"}, "subcommand is required"},
      {{"cert"}, "did you mean \"certs\"?"},
      {{"certs", "isue"}, "did you mean \"issue\"?"},
      {{"certs", "init"}, "--dir is required"},
      {{"certs", "issue", "--dir", "d", "--node", "a", "--operator"}, "excludes"},
      {{"certs", "issue", "--dir", "d"}, "--node is required"},
      {{"certs", "issue", "--dir", "d", "--node", "a", "--days", "0"}, "days"},
      {{"certs", "issue", "--dir", "d", "--node", "a", "--days", "3651"}, "days"},
  };
  for (const auto& [arguments, reason] : cases) {
    const auto options = Parse(arguments);
    ASSERT_FALSE(options.ok()) << reason;
    EXPECT_EQ(ExitCodeOf(options.status()), kUsage);
    EXPECT_THAT(options.status().message(), HasSubstr(reason));
  }
}

TEST(OptionsTest, HelpListsEveryCommandAndTheExitCodes) {
  const auto options = Parse({"--help"});
  ASSERT_TRUE(options.ok()) << options.status();
  const std::string& text = std::get<HelpCommand>(options->command).text;
  for (const char* word :
       {"pull", "ls", "status", "verify", "warm", "rm", "gc", "wait", "certs", "version", "130 interrupted"})
    EXPECT_THAT(text, HasSubstr(word));
}

TEST(ExitCodeTest, EachKindOfFailureHasItsCode) {
  EXPECT_EQ(ExitCodeOf(OkStatus()), 0);
  EXPECT_EQ(ExitCodeOf(Internal("")), 1);
  EXPECT_EQ(ExitCodeOf(InvalidArgument("")), 2);
  EXPECT_EQ(ExitCodeOf(NotFound("")), 3);
  EXPECT_EQ(ExitCodeOf(Unauthenticated("")), 4);
  EXPECT_EQ(ExitCodeOf(PermissionDenied("")), 4);
  EXPECT_EQ(ExitCodeOf(ResourceExhausted("")), 5);
  EXPECT_EQ(ExitCodeOf(DataLoss("")), 6);
  EXPECT_EQ(ExitCodeOf(FailedPrecondition("")), 7);
  EXPECT_EQ(ExitCodeOf(Unavailable("")), 8);
  EXPECT_EQ(ExitCodeOf(DeadlineExceeded("")), 8);
  EXPECT_EQ(ExitCodeOf(Cancelled("")), 130);
}

}  // namespace
}  // namespace ballast::cli
