#include "base/strings.h"

#include <gtest/gtest.h>

namespace ballast {
namespace {

using std::chrono::milliseconds;

TEST(StringsTest, QuotedEscapesWhatATerminalWouldObey) {
  EXPECT_EQ(Quoted("a b"), "\"a b\"");
  EXPECT_EQ(Quoted("\x1b[31m\n\"\\\xc3"), "\"\\x1b[31m\\n\\\"\\\\\\xc3\"");
  EXPECT_EQ(Quoted("abcdef", 3), "\"abc\"...");
}

TEST(StringsTest, FormatsBytesForPeople) {
  EXPECT_EQ(FormatBytes(0), "0 B");
  EXPECT_EQ(FormatBytes(1023), "1023 B");
  EXPECT_EQ(FormatBytes(1024), "1.0 KiB");
  EXPECT_EQ(FormatBytes(1024 * 1024 - 1), "1.0 MiB");
  EXPECT_EQ(FormatBytes(13'207'024'435), "12.3 GiB");
  EXPECT_EQ(FormatBytes(140'000'000'000), "130 GiB");
  EXPECT_EQ(FormatBytes(UINT64_MAX), "16.0 EiB");
}

TEST(StringsTest, FormatsDurationsForPeople) {
  EXPECT_EQ(FormatDuration(milliseconds(-5)), "0.0 s");
  EXPECT_EQ(FormatDuration(milliseconds(1'420)), "1.4 s");
  EXPECT_EQ(FormatDuration(milliseconds(15'400)), "15 s");
  EXPECT_EQ(FormatDuration(milliseconds(125'000)), "2 min 5 s");
  EXPECT_EQ(FormatDuration(milliseconds(12'000'000)), "3 h 20 min");
}

TEST(StringsTest, SplitsAndJoins) {
  EXPECT_EQ(Split("a//b", '/'), (std::vector<std::string_view>{"a", "", "b"}));
  EXPECT_EQ(Split("", '/'), (std::vector<std::string_view>{""}));
  EXPECT_EQ(Join({"a", "b"}, ", "), "a, b");
  EXPECT_EQ(Trim(" a b\n"), "a b");
}

TEST(StringsTest, ParsesOnlyWholeUnsignedNumbers) {
  uint64_t value = 0;
  EXPECT_TRUE(ParseUint64("18446744073709551615", value));
  EXPECT_EQ(value, UINT64_MAX);
  for (const char* bad : {"", "-1", "+1", " 1", "1 ", "1x", "18446744073709551616", "0x10"}) {
    EXPECT_FALSE(ParseUint64(bad, value)) << bad;
  }
}

TEST(StringsTest, NamesTheNearestKey) {
  EXPECT_EQ(Nearest("layuot", {"layout", "source", "revision"}), "layout");
  EXPECT_EQ(Nearest("zzz", {"layout", "source"}), "");
  EXPECT_EQ(DidYouMean("Layout", {"layout"}), "; did you mean \"layout\"?");
  EXPECT_EQ(DidYouMean("q", {"layout", "source"}), "; valid: layout, source");
}

TEST(StringsTest, EncodesHex) { EXPECT_EQ(HexEncode(std::string_view("\x00\xff\x1a", 3)), "00ff1a"); }

}  // namespace
}  // namespace ballast
