#include "review/verdict_book.h"

#include <gtest/gtest.h>

#include "base/strings.h"

namespace ballast {
namespace {

using std::chrono::seconds;

const SteadyTime kNow{std::chrono::hours(1)};
const Status kNo = PermissionDenied("no");

TEST(VerdictBookTest, AYesIsGoodForAMinuteAndANoForTenSeconds) {
  VerdictBook book;
  EXPECT_EQ(book.Find("a", kNow), std::nullopt);
  book.Keep("a", OkStatus(), kNow);
  book.Keep("b", kNo, kNow);
  EXPECT_EQ(book.Find("a", kNow + seconds(59)), OkStatus());
  EXPECT_EQ(book.Find("a", kNow + seconds(60)), std::nullopt);
  EXPECT_EQ(book.Find("b", kNow + seconds(9)), kNo);
  EXPECT_EQ(book.Find("b", kNow + seconds(10)), std::nullopt);
  EXPECT_EQ(book.Find("c", kNow), std::nullopt);
}

TEST(VerdictBookTest, TheLastVerdictCounts) {
  VerdictBook book;
  book.Keep("a", OkStatus(), kNow);
  book.Keep("a", kNo, kNow);
  EXPECT_EQ(book.Find("a", kNow), kNo);
  EXPECT_EQ(book.Find("a", kNow + seconds(30)), std::nullopt) << "the older yes is not there any more";
  book.Keep("a", OkStatus(), kNow);
  EXPECT_EQ(book.Find("a", kNow), OkStatus());
  EXPECT_EQ(book.size(), 1U);
}

TEST(VerdictBookTest, WhatIsNoVerdictIsNotRemembered) {
  VerdictBook book;
  for (const Status& status : {Unavailable("x"), DeadlineExceeded("x"), Cancelled("x"), ResourceExhausted("x")})
    book.Keep("a", status, kNow);
  EXPECT_EQ(book.size(), 0U);
}

TEST(VerdictBookTest, AFloodOfWrongTokensIsBoundedAndDrivesNoGoodOneOut) {
  VerdictBook book({.tokens = 4});
  book.Keep("good", OkStatus(), kNow);
  for (int i = 0; i < 100; ++i) book.Keep(StrCat("bad", i), kNo, kNow + std::chrono::milliseconds(i));
  EXPECT_EQ(book.size(), 5U);
  EXPECT_EQ(book.Find("good", kNow + seconds(1)), OkStatus());
  EXPECT_EQ(book.Find("bad99", kNow + seconds(1)), kNo);
  EXPECT_EQ(book.Find("bad0", kNow + seconds(1)), std::nullopt) << "what would have ended first";
}

TEST(VerdictBookTest, GoodTokensAreBoundedToo) {
  VerdictBook book({.tokens = 2});
  for (int i = 0; i < 10; ++i) book.Keep(StrCat("good", i), OkStatus(), kNow + seconds(i));
  EXPECT_EQ(book.size(), 2U);
  EXPECT_EQ(book.Find("good9", kNow + seconds(9)), OkStatus());
}

}  // namespace
}  // namespace ballast
