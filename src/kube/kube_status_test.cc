#include "kube/kube_status.h"

#include <gtest/gtest.h>

namespace ballast {
namespace {

using std::chrono::seconds;

std::string Body(const std::string& reason, const std::string& message, const Json& details = Json::object()) {
  return DumpJson(
      {{"kind", "Status"}, {"apiVersion", "v1"}, {"reason", reason}, {"message", message}, {"details", details}});
}

TEST(KubeStatusTest, EachCodeHasItsMeaning) {
  const std::pair<int, StatusCode> expected[] = {
      {400, StatusCode::kInvalidArgument},  {401, StatusCode::kUnauthenticated}, {403, StatusCode::kPermissionDenied},
      {404, StatusCode::kNotFound},         {405, StatusCode::kUnimplemented},   {406, StatusCode::kUnimplemented},
      {409, StatusCode::kAborted},          {410, StatusCode::kOutOfRange},      {413, StatusCode::kInvalidArgument},
      {415, StatusCode::kUnimplemented},    {422, StatusCode::kInvalidArgument}, {429, StatusCode::kResourceExhausted},
      {500, StatusCode::kUnavailable},      {502, StatusCode::kUnavailable},     {503, StatusCode::kUnavailable},
      {504, StatusCode::kDeadlineExceeded}, {302, StatusCode::kUnknown},         {418, StatusCode::kUnknown},
  };
  for (const auto& [http, code] : expected) {
    EXPECT_EQ(StatusOfKubeAnswer({.code = http}, "get x").code(), code) << http;
  }
}

TEST(KubeStatusTest, AConflictIsThreeThings) {
  const auto code = [](const std::string& body) { return StatusOfKubeAnswer({.code = 409, .body = body}, "x").code(); };
  EXPECT_EQ(code(Body("AlreadyExists", "it exists")), StatusCode::kAlreadyExists);
  EXPECT_EQ(code(Body("Conflict", "it changed")), StatusCode::kAborted);
  const Json owned = {{"causes", Json::array({{{"reason", "FieldManagerConflict"}, {"field", ".data.a"}}})}};
  EXPECT_EQ(code(Body("Conflict", "owned", owned)), StatusCode::kFailedPrecondition);
}

TEST(KubeStatusTest, AnotherUidMeansAnotherObject) {
  const Json uid = {{"causes", Json::array({{{"reason", "FieldValueInvalid"}, {"field", "metadata.uid"}}})}};
  const std::string body = Body("Invalid", "metadata.uid: field is immutable", uid);
  EXPECT_EQ(StatusOfKubeAnswer({.code = 422, .body = body}, "x").code(), StatusCode::kAborted);
}

TEST(KubeStatusTest, TheTextSaysWhatWasAskedAndWhatTheApiserverSaid) {
  const std::string body = Body("NotFound", "configmaps \"a\" not found");
  EXPECT_EQ(StatusOfKubeAnswer({.code = 404, .body = body}, "get configmaps ns/a"),
            NotFound("get configmaps ns/a: configmaps \"a\" not found"));
  EXPECT_EQ(StatusOfKubeAnswer({.code = 503, .body = "<html>\n"}, "list pods").message(),
            "list pods: HTTP 503: \"<html>\\n\"");
  EXPECT_EQ(StatusOfKubeAnswer({.code = 500}, "list pods").message(), "list pods: HTTP 500 without a text");
}

TEST(KubeStatusTest, ATextFromOutsideStaysOneLine) {
  const std::string body = Body("Invalid", "first\nsecond\x1b[31m");
  EXPECT_EQ(StatusOfKubeAnswer({.code = 422, .body = body}, "x").message(), "x: first\\nsecond\\x1b[31m");
}

TEST(KubeStatusTest, RetryAfterIsTheLongerOfHeaderAndBody) {
  const std::string body = Body("TooManyRequests", "slow down", {{"retryAfterSeconds", 3}});
  const auto wait = [&](const std::string& header, const std::string& text) {
    return StatusOfKubeAnswer({.code = 429, .retry_after = header, .body = text}, "x").retry_after();
  };
  EXPECT_EQ(wait("1", body), seconds(3));
  EXPECT_EQ(wait("7", body), seconds(7));
  EXPECT_EQ(wait("soon", ""), seconds(0));
  EXPECT_EQ(wait("99999999999999999999", ""), seconds(0));
  EXPECT_EQ(wait("1000000", ""), kMaxKubeRetryAfter);
}

TEST(KubeStatusTest, ATimeoutInsideTheApiserverIsADeadline) {
  EXPECT_EQ(StatusOfKubeAnswer({.code = 500, .body = Body("Timeout", "etcd")}, "x").code(),
            StatusCode::kDeadlineExceeded);
}

TEST(KubeStatusTest, TheErrorOfAWatchIsReadLikeAnAnswer) {
  const Json expired = {{"code", 410}, {"reason", "Expired"}, {"message", "too old resource version: 1 (5)"}};
  EXPECT_EQ(StatusOfKubeError(expired, "watch pods"), OutOfRange("watch pods: too old resource version: 1 (5)"));
  EXPECT_EQ(StatusOfKubeError(Json::object(), "x").code(), StatusCode::kUnavailable);
  EXPECT_EQ(StatusOfKubeError({{"code", 200}}, "x").code(), StatusCode::kUnavailable);
}

}  // namespace
}  // namespace ballast
