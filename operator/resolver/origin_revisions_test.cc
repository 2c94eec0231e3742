#include "operator/resolver/origin_revisions.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "origin/testing/fake_origin.h"

namespace ballast::controller {
namespace {

ResolveRequest For(const std::string& ref) { return {.ref = *ModelRef::Parse(ref)}; }

class OriginRevisionsTest : public testing::Test {
 protected:
  FakeOrigin origin_;
};

TEST_F(OriginRevisionsTest, SmallFilesAreReadOnceAndHashed) {
  const std::string commit = origin_.Put("hf://org/m", {{"model.safetensors", "weights", FakeFileKind::kLfs},
                                                        {"config.json", "{}", FakeFileKind::kPlain}});
  const auto found = ResolveAt(origin_, For("hf://org/m"), {});
  ASSERT_TRUE(found.ok()) << found.status();
  const Manifest expected = *Manifest::Make({{*SafePath::Parse("model.safetensors"), Digest::Of("weights"), 7},
                                             {*SafePath::Parse("config.json"), Digest::Of("{}"), 2}});
  EXPECT_EQ(*found, (ResolvedRevision{commit, expected.Id().ToString(), 9, 2}));
  ASSERT_EQ(origin_.reads().size(), 1U);
  EXPECT_EQ(origin_.reads()[0].path, "config.json");
}

TEST_F(OriginRevisionsTest, BytesThatAreNotThoseOfTheListingAreRefused) {
  origin_.Put("hf://org/m", {{"config.json", "{}", FakeFileKind::kPlain}});
  origin_.CorruptRead("config.json", 0);
  EXPECT_EQ(ResolveAt(origin_, For("hf://org/m"), {}).status().code(), StatusCode::kDataLoss);
}

TEST_F(OriginRevisionsTest, WhatHasNoCommitIsNamedByItsManifest) {
  origin_.Put("file:///models/m", {{"a", "b", FakeFileKind::kUnnamed}});
  ResolveRequest request = For("file:///models/m");
  const auto found = ResolveAt(origin_, request, {});
  ASSERT_TRUE(found.ok()) << found.status();
  EXPECT_FALSE(found->manifest.empty());
}

TEST(ResolveRequestTest, AnotherPatternIsAnotherQuestion) {
  ResolveRequest request = For("hf://org/m");
  EXPECT_EQ(RequestText(request), "main");
  request.filter.include = {"*.json"};
  EXPECT_THAT(RequestText(request), testing::MatchesRegex("main\\+[0-9a-f]{8}"));
}

TEST(ResolveRequestTest, ACommitCannotMove) {
  EXPECT_TRUE(CanMove(For("hf://org/m")));
  EXPECT_TRUE(CanMove(For("hf://org/m@v1")));
  EXPECT_FALSE(CanMove(For("hf://org/m@" + std::string(40, 'a'))));
}

}  // namespace
}  // namespace ballast::controller
