#include "cli/console.h"

#include <gtest/gtest.h>

#include <sstream>

#include "base/testing/fake_clock.h"

namespace ballast::cli {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

TransferProgress At(uint64_t done) { return {"hf://org/name", "downloading", done, 100, 0, 0, 1, ""}; }

struct Fixture {
  explicit Fixture(ConsoleOptions options) : console(out, err, options, clock) {}
  std::ostringstream out, err;
  FakeClock clock;
  Console console;
};

TEST(ConsoleTest, ElsewhereThanOnATerminalALineComesEveryFewSecondsIfItIsNew) {
  Fixture f({});
  f.console.Progress(At(1));
  f.console.Progress(At(2));
  f.clock.Advance(seconds(4));
  f.console.Progress(At(3));
  f.clock.Advance(seconds(1));
  f.console.Progress(At(4));
  f.clock.Advance(seconds(10));
  f.console.Progress(At(4));
  EXPECT_EQ(f.err.str(), "hf://org/name: 1% (1 of 100 B)\nhf://org/name: 4% (4 of 100 B)\n");
}

TEST(ConsoleTest, OnATerminalTheBarIsRedrawnAndGoneBeforeTheResult) {
  Fixture f({.terminal = true, .width = 60});
  f.console.Progress(At(50));
  f.clock.Advance(milliseconds(50));
  f.console.Progress(At(60));
  f.clock.Advance(milliseconds(50));
  f.console.Progress(At(70));
  f.console.Result("done\n");
  EXPECT_EQ(f.err.str(),
            "\r\033[K 50% [############............] 50 of 100 B"
            "\r\033[K 70% [################........] 70 of 100 B"
            "\r\033[K");
  EXPECT_EQ(f.out.str(), "done\n");
}

TEST(ConsoleTest, JsonHasNoProgressAndTheErrorOnBothStreams) {
  Fixture f({.json = true});
  f.console.Progress(At(1));
  f.console.Message("hello");
  f.console.Error(NotFound("no such model"));
  EXPECT_EQ(f.out.str(), "{\"error\":{\"code\":\"NOT_FOUND\",\"message\":\"no such model\"}}\n");
  EXPECT_EQ(f.err.str(), "error: no such model\n");
}

}  // namespace
}  // namespace ballast::cli
