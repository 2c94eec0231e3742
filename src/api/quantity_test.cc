#include "api/quantity.h"

#include <gtest/gtest.h>

namespace ballast {
namespace {

TEST(ByteQuantityTest, MeansWhatKubernetesMeans) {
  const std::pair<std::string_view, uint64_t> cases[] = {{"0", 0},
                                                         {"1048576", 1 << 20},
                                                         {"500Gi", uint64_t{500} << 30},
                                                         {"1.5Ti", uint64_t{3} << 39},
                                                         {"2k", 2000},
                                                         {"1G", 1'000'000'000},
                                                         {"0.5Ki", 512},
                                                         {"0.0001Ki", 0},
                                                         {"1.123456789Gi", 1'206'302'541},
                                                         {"7Ei", uint64_t{7} << 60},
                                                         {"9223372036854775807", (uint64_t{1} << 63) - 1}};
  for (const auto& [text, bytes] : cases) EXPECT_EQ(ParseByteQuantity(text).value(), bytes) << text;
}

TEST(ByteQuantityTest, RefusesEverythingElse) {
  for (const char* bad : {"", "Gi", ".5Gi", "5.Gi", "1.2.3Gi", "-1", "+1", "1 Gi", "1gi", "1GiB", "1e3", "0x10", "8Ei",
                          "9223372036854775808", "99999999999999999999", "1.0000000001Gi", "1m", "1\n"}) {
    EXPECT_FALSE(ParseByteQuantity(bad).ok()) << bad;
  }
}

TEST(DurationTest, MeansWhatGoMeans) {
  const std::pair<std::string_view, int64_t> cases[] = {{"0", 0},
                                                        {"250ms", 250},
                                                        {"15m", 900'000},
                                                        {"1.5s", 1500},
                                                        {"720h", 2'592'000'000},
                                                        {"1h30m5s", 5'405'000},
                                                        {"90m90m", 10'800'000}};
  for (const auto& [text, ms] : cases) EXPECT_EQ(ParseDuration(text).value().count(), ms) << text;
}

TEST(DurationTest, IsWrittenAsItIsRead) {
  for (const char* text : {"0", "250ms", "15m", "1s500ms", "720h", "1h30m5s"}) {
    EXPECT_EQ(DurationText(ParseDuration(text).value()), text);
  }
}

TEST(DurationTest, RefusesEverythingElse) {
  for (const char* bad : {"", "5", "h", "1d", "-1h", "1h ", "1 h", "1h30", "1us", "1.h", "876001h", "9999999999999999h",
                          "18446744073709551616ms"}) {
    EXPECT_FALSE(ParseDuration(bad).ok()) << bad;
  }
}

}  // namespace
}  // namespace ballast
