#include "api/timestamp.h"

#include <gtest/gtest.h>

namespace ballast {
namespace {

TEST(TimestampTest, IsReadAsItIsWritten) {
  for (const char* text : {"1970-01-01T00:00:00Z", "2024-02-29T23:59:59Z", "9999-12-31T23:59:59Z"}) {
    EXPECT_EQ(FormatTimestamp(ParseTimestamp(text).value()), text);
  }
  EXPECT_EQ(ParseTimestamp("2026-01-31T12:00:00Z").value().time_since_epoch().count(), 1'769'860'800);
}

TEST(TimestampTest, FractionsAreDroppedAndOffsetsTakenOff) {
  EXPECT_EQ(FormatTimestamp(ParseTimestamp("2026-01-31T12:00:00.999999Z").value()), "2026-01-31T12:00:00Z");
  EXPECT_EQ(FormatTimestamp(ParseTimestamp("2026-01-31T01:00:00+02:30").value()), "2026-01-30T22:30:00Z");
  EXPECT_EQ(FormatTimestamp(ParseTimestamp("2026-01-31T23:00:00-02:00").value()), "2026-02-01T01:00:00Z");
}

TEST(TimestampTest, AnythingElseIsRefused) {
  for (const char* text :
       {"", "2026", "2026-01-31", "2026-01-31T12:00:00", "2026-01-31 12:00:00Z", "2026-02-30T12:00:00Z",
        "2026-13-01T12:00:00Z", "2026-01-31T24:00:00Z", "2026-01-31T12:60:00Z", "2026-01-31T12:00:60Z",
        "1969-12-31T23:59:59Z", "2026-01-31T12:00:00+2:00", "2026-01-31T12:00:00ZZ", "+026-01-31T12:00:00Z",
        "2026-01-31T12:00:00+24:00"}) {
    EXPECT_EQ(ParseTimestamp(text).status().code(), StatusCode::kInvalidArgument) << text;
  }
}

}  // namespace
}  // namespace ballast
