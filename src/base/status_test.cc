#include "base/status.h"

#include <gtest/gtest.h>

#include <cerrno>
#include <memory>

#include "base/errno_status.h"

namespace ballast {
namespace {

Result<int> Half(int n) {
  if (n % 2 != 0) return InvalidArgument("odd");
  return n / 2;
}

Result<int> Quarter(int n) {
  ASSIGN_OR_RETURN(const int half, Half(n));
  ASSIGN_OR_RETURN(const int quarter, Half(half));
  return quarter;
}

Status CheckQuarter(int n) {
  RETURN_IF_ERROR(Quarter(n).status());
  return OkStatus();
}

TEST(StatusTest, PrintsTheCanonicalNameAndTheMessage) {
  EXPECT_EQ(OkStatus().ToString(), "OK");
  EXPECT_EQ(NotFound("no such model").ToString(), "NOT_FOUND: no such model");
  EXPECT_EQ(static_cast<int>(StatusCode::kUnauthenticated), 16);
}

TEST(StatusTest, ContextStandsBeforeTheMessageAndOkStaysOk) {
  EXPECT_EQ(NotFound("b").WithContext("a"), NotFound("a: b"));
  EXPECT_TRUE(OkStatus().WithContext("a").ok());
}

TEST(StatusTest, OnlyFourCodesAreRetryable) {
  int retryable = 0;
  for (int code = 1; code <= 16; ++code) retryable += IsRetryable(Status(static_cast<StatusCode>(code), "")) ? 1 : 0;
  EXPECT_EQ(retryable, 4);
  EXPECT_TRUE(IsRetryable(Unavailable("")));
  EXPECT_FALSE(IsRetryable(NotFound("")));
}

TEST(ResultTest, MacrosPassErrorsOn) {
  EXPECT_EQ(*Quarter(8), 2);
  EXPECT_EQ(Quarter(6).status(), InvalidArgument("odd"));
  EXPECT_TRUE(CheckQuarter(4).ok());
  EXPECT_FALSE(CheckQuarter(3).ok());
}

TEST(ResultTest, MacrosDoNotShadowTheirArgument) {
  const Status status_ = NotFound("x");
  EXPECT_EQ(
      [&]() -> Status {
        RETURN_IF_ERROR(status_);
        return OkStatus();
      }(),
      status_);
}

TEST(ResultTest, HoldsMoveOnlyValues) {
  Result<std::unique_ptr<int>> result = std::make_unique<int>(7);
  const std::unique_ptr<int> value = std::move(result).value();
  EXPECT_EQ(*value, 7);
}

TEST(ResultDeathTest, ReadingTheValueOfAnErrorCrashesWithItsText) {
  EXPECT_DEATH((void)Half(1).value(), "INVALID_ARGUMENT: odd");
}

TEST(ErrnoStatusTest, MapsFullDisksAndMissingFiles) {
  EXPECT_EQ(ErrnoStatus(ENOSPC, "write x").code(), StatusCode::kResourceExhausted);
  EXPECT_EQ(ErrnoStatus(ENOENT, "open x"), NotFound("open x: No such file or directory"));
}

}  // namespace
}  // namespace ballast
