#include "kube/watch_lines.h"

#include <gtest/gtest.h>

namespace ballast {
namespace {

TEST(LineCutterTest, LinesComeOutHoweverTheBytesCameIn) {
  const std::string text = "one\r\n\n  \ntwo\nthree";
  for (size_t step = 1; step <= text.size(); ++step) {
    LineCutter cutter;
    std::vector<std::string> lines;
    for (size_t at = 0; at < text.size(); at += step) {
      ASSERT_EQ(cutter.Add(std::string_view(text).substr(at, step)), OkStatus());
      while (auto line = cutter.Next()) lines.push_back(*line);
    }
    EXPECT_EQ(lines, (std::vector<std::string>{"one", "two"})) << step;
  }
}

TEST(LineCutterTest, ALineOverTheLimitIsRefused) {
  LineCutter cutter(10);
  EXPECT_EQ(cutter.Add("0123456789\n0123456789"), OkStatus());
  EXPECT_EQ(cutter.Next(), "0123456789");
  EXPECT_EQ(cutter.Add("x").code(), StatusCode::kDataLoss);
}

TEST(LineCutterTest, TheLargestObjectOfAnEtcdFits) {
  LineCutter cutter;
  const std::string largest(size_t{6} * (3 << 19), 'x');  // 1.5 MiB, each byte as JSON's six
  for (size_t at = 0; at < largest.size(); at += 1 << 18)
    ASSERT_EQ(cutter.Add(largest.substr(at, 1 << 18)), OkStatus());
  ASSERT_EQ(cutter.Add("\n"), OkStatus());
  EXPECT_EQ(cutter.Next(), largest);
}

TEST(ParseWatchLineTest, ReadsTheFourKindsOfEvents) {
  const std::string object = R"("object":{"metadata":{"name":"a","resourceVersion":"7"}}})";
  for (const auto kind : {WatchEvent::Kind::kAdded, WatchEvent::Kind::kModified, WatchEvent::Kind::kDeleted,
                          WatchEvent::Kind::kBookmark}) {
    const auto event = ParseWatchLine("{\"type\":\"" + std::string(WatchEventName(kind)) + "\"," + object, "watch x");
    ASSERT_TRUE(event.ok()) << event.status();
    EXPECT_EQ(event->kind, kind);
    EXPECT_EQ(ResourceVersionOf(event->object), "7");
  }
}

TEST(ParseWatchLineTest, AnErrorBecomesItsStatus) {
  const auto event = ParseWatchLine(R"({"type":"ERROR","object":{"code":410,"message":"too old"}})", "watch x");
  EXPECT_EQ(event.status(), OutOfRange("watch x: too old"));
}

TEST(ParseWatchLineTest, WhatIsNoEventIsUnavailable) {
  for (const char* line : {"", "garbage", "[]", "7", "{}", R"({"type":"ADDED"})", R"({"type":"ADDED","object":[]})",
                           R"({"type":"OTHER","object":{"metadata":{"name":"a","resourceVersion":"7"}}})",
                           R"({"type":"ADDED","object":{"metadata":{"name":"a"}}})",
                           R"({"type":"ADDED","object":{"metadata":{"resourceVersion":"7"}}})"}) {
    EXPECT_EQ(ParseWatchLine(line, "watch x").status().code(), StatusCode::kUnavailable) << line;
  }
  EXPECT_EQ(ParseWatchLine(std::string(100'000, '['), "watch x").status().code(), StatusCode::kUnavailable);
}

}  // namespace
}  // namespace ballast
