#include "daemon/cluster/pod_questions.h"

#include <gtest/gtest.h>

namespace ballast {
namespace {

using std::chrono::minutes;

constexpr Timestamp kNow{std::chrono::seconds(1'700'000'000)};

TEST(PodQuestionsTest, AQuestionKeepsWhenItWasFirstAsked) {
  PodQuestions questions;
  questions.Ask({.cache = "llama", .pod_namespace = "team"}, kNow);
  questions.Ask({.cache = "llama", .pod_namespace = "team"}, kNow + minutes(4));
  const auto open = questions.Open({}, kNow + minutes(8));
  ASSERT_EQ(open.size(), 1U);
  EXPECT_EQ(open[0].since, kNow);
}

TEST(PodQuestionsTest, WhatNobodyAsksAnyMoreIsForgotten) {
  PodQuestions questions;
  questions.Ask({.cache = "llama", .pod_namespace = "team"}, kNow);
  EXPECT_EQ(questions.Open({}, kNow + minutes(5)).size(), 1U);
  EXPECT_TRUE(questions.Open({}, kNow + minutes(6)).empty());
}

TEST(PodQuestionsTest, AnEntryAnswersAndARefusalDoesNotEndTheQuestion) {
  PodQuestions questions;
  questions.Ask({.cache = "llama", .pod_namespace = "team"}, kNow);
  CacheNodeSpec spec;
  spec.refused = {{.cache = "llama"}};
  EXPECT_EQ(questions.Open(spec, kNow).size(), 1U);
  spec.caches = {{.cache = "llama", .current = true, .namespaces = {"*"}}};
  EXPECT_TRUE(questions.Open(spec, kNow).empty());
}

TEST(PodQuestionsTest, AnotherRevisionOfTheSameWaitsForTheFirst) {
  PodQuestions questions;
  questions.Ask({.cache = "llama", .pod_namespace = "team", .revision = "a"}, kNow);
  questions.Ask({.cache = "llama", .pod_namespace = "team", .revision = "b"}, kNow);
  questions.Ask({.cache = "llama", .pod_namespace = "other", .revision = "b"}, kNow);
  const auto open = questions.Open({}, kNow);
  ASSERT_EQ(open.size(), 2U);
  EXPECT_EQ(open[1].revision, "a");
}

}  // namespace
}  // namespace ballast
