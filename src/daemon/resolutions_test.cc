#include "daemon/resolutions.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <stdlib.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "base/small_file.h"

namespace ballast {
namespace {

const std::string kCommitA(40, 'a');
const std::string kCommitB(40, 'b');

ModelRequest Ask(const std::string& ref, bool kept = false, PathFilter filter = {}) {
  return {.ref = ModelRef::Parse(ref).value(), .filter = std::move(filter), .keep_resolution = kept};
}

class ResolutionsTest : public ::testing::Test {
 protected:
  ResolutionsTest() {
    std::string name = "/tmp/ballast-resolutions-XXXXXX";
    folder_ = mkdtemp(name.data());
  }
  ~ResolutionsTest() override { std::filesystem::remove_all(folder_); }

  std::unique_ptr<Resolutions> Open() const { return Resolutions::Open(File()).value(); }
  std::string File() const { return folder_ + "/resolutions.json"; }

  std::string folder_;
};

TEST_F(ResolutionsTest, WhatWasPutIsThereAfterARestart) {
  const ModelRequest asked = Ask("hf://org/name@main", true, {.include = {"*.json"}, .exclude = {"x\"y"}});
  ASSERT_TRUE(Open()->Put(asked, kCommitA, Digest::Of("m"), 100).ok());
  const auto found = Open()->Find(asked);
  ASSERT_TRUE(found.has_value());
  EXPECT_EQ(found->commit, kCommitA);
  EXPECT_EQ(found->manifest, Digest::Of("m"));
}

TEST_F(ResolutionsTest, AnotherFilterOriginOrWayOfAskingIsAnotherQuestion) {
  const auto resolutions = Open();
  const ModelRequest asked = Ask("hf://org/name");
  ASSERT_TRUE(resolutions->Put(asked, kCommitA, Digest::Of("m"), 1).ok());
  EXPECT_TRUE(resolutions->Find(Ask("hf://org/name@main")));  // the default branch by its name
  EXPECT_FALSE(resolutions->Find(Ask("hf://org/name@dev")));
  EXPECT_FALSE(resolutions->Find(Ask("hf://org/name", true)));
  EXPECT_FALSE(resolutions->Find(Ask("hf://org/name", false, {.include = {"*.json"}})));
  ModelRequest elsewhere = asked;
  elsewhere.origin = "mirror";
  EXPECT_FALSE(resolutions->Find(elsewhere));
}

TEST_F(ResolutionsTest, ACommitIsAnsweredByAnyNameThatLedToIt) {
  const auto resolutions = Open();
  ASSERT_TRUE(resolutions->Put(Ask("hf://org/name@main", true), kCommitA, Digest::Of("m"), 1).ok());
  EXPECT_TRUE(resolutions->Find(Ask("hf://org/name@" + kCommitA)));
  EXPECT_FALSE(resolutions->Find(Ask("hf://org/name@" + kCommitB)));
  EXPECT_FALSE(resolutions->Find(Ask("hf://other/name@" + kCommitA)));
}

TEST_F(ResolutionsTest, ALaterAnswerReplacesTheOneBefore) {
  const auto resolutions = Open();
  ASSERT_TRUE(resolutions->Put(Ask("hf://org/name"), kCommitA, Digest::Of("m"), 1).ok());
  ASSERT_TRUE(resolutions->Put(Ask("hf://org/name"), kCommitB, Digest::Of("n"), 2).ok());
  EXPECT_EQ(resolutions->Find(Ask("hf://org/name"))->commit, kCommitB);
  EXPECT_EQ(resolutions->All().size(), 1U);
}

TEST_F(ResolutionsTest, ForgettingAManifestForgetsAllThatLedToIt) {
  const auto resolutions = Open();
  ASSERT_TRUE(resolutions->Put(Ask("hf://org/name"), kCommitA, Digest::Of("m"), 1).ok());
  ASSERT_TRUE(resolutions->Put(Ask("hf://org/name", true), kCommitA, Digest::Of("m"), 1).ok());
  ASSERT_TRUE(resolutions->Forget(Digest::Of("m")).ok());
  EXPECT_TRUE(Open()->All().empty());
}

TEST_F(ResolutionsTest, ADamagedFileIsSetAsideAndNotServed) {
  for (const char* bad :
       {"", "{", "[]", R"({"version":2,"resolutions":[]})", R"({"version":1,"resolutions":[{"uri":7}]})"}) {
    ASSERT_TRUE(ReplaceSmallFile(File(), bad).ok());
    EXPECT_TRUE(Open()->All().empty()) << bad;
    EXPECT_TRUE(std::filesystem::exists(File() + ".damaged"));
    EXPECT_FALSE(std::filesystem::exists(File()));
  }
}

TEST_F(ResolutionsTest, AHalfWrittenReplacementChangesNothing) {
  ASSERT_TRUE(Open()->Put(Ask("hf://org/name"), kCommitA, Digest::Of("m"), 1).ok());
  std::ofstream(File() + ".tmp") << "{\"vers";
  EXPECT_EQ(Open()->All().size(), 1U);
}

}  // namespace
}  // namespace ballast
