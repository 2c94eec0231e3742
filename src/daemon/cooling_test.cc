#include "daemon/cooling.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>

#include "base/testing/temp_dir.h"
#include "store/posix_file_system.h"
#include "store/testing/store_fixture.h"

namespace ballast {
namespace {

using std::chrono::minutes;
using ::testing::UnorderedElementsAre;

StoredModel ModelOf(const ModelFiles& files, minutes idle) {
  const Manifest manifest = ManifestOf(files);
  return {.id = manifest.Id(), .manifest = manifest, .idle = idle};
}

TEST(ColdBlobsTest, AreThoseOfModelsThatAreIdleForLong) {
  const StoredModel old = ModelOf({{"a", "1"}, {"b", "2"}}, minutes(60));
  const StoredModel young = ModelOf({{"c", "3"}}, minutes(59));
  EXPECT_THAT(ColdBlobs({old, young}, {}, minutes(60)), UnorderedElementsAre(Digest::Of("1"), Digest::Of("2")));
}

TEST(ColdBlobsTest, WhatAModelInUseSharesStays) {
  const StoredModel old = ModelOf({{"a", "1"}, {"b", "2"}}, minutes(60));
  const StoredModel young = ModelOf({{"c", "2"}}, minutes(0));
  EXPECT_THAT(ColdBlobs({old, young}, {}, minutes(60)), UnorderedElementsAre(Digest::Of("1")));
  EXPECT_THAT(ColdBlobs({young, old}, {old.id}, minutes(60)), UnorderedElementsAre());
}

// Rule: a blob is cold if and only if no model that holds it is used or young.
TEST(ColdBlobsTest, OfAnyModels) {
  std::mt19937 random(7);
  for (int round = 0; round < 300; ++round) {
    std::vector<StoredModel> models;
    std::set<Digest> hot;
    for (uint32_t i = 0; i < random() % 6; ++i) {
      ModelFiles files{{"own", std::to_string(i)}};
      for (uint32_t shared = 0; shared < random() % 4; ++shared) {
        const std::string name(1, static_cast<char>('a' + random() % 5));
        files[name] = name;
      }
      models.push_back(ModelOf(files, minutes(random() % 120)));
      if (random() % 3 == 0) hot.insert(models.back().id);
    }
    const std::set<Digest> cold = ColdBlobs(models, hot, minutes(60));
    for (const StoredModel& model : models) {
      const bool used = hot.contains(model.id) || model.idle < minutes(60);
      for (const ManifestFile& file : model.manifest.files()) {
        EXPECT_FALSE(used && cold.contains(file.digest)) << "rule: nothing in use is cold";
        const bool needed = std::ranges::any_of(models, [&](const StoredModel& other) {
          const bool holds = std::ranges::any_of(other.manifest.files(),
                                                 [&](const ManifestFile& its) { return its.digest == file.digest; });
          return holds && (hot.contains(other.id) || other.idle < minutes(60));
        });
        EXPECT_EQ(cold.contains(file.digest), !needed) << "rule: all else is";
      }
    }
  }
}

class CoolingTest : public ::testing::Test {
 protected:
  TempDir dir_;
  PosixFileSystem files_;
  FakeClock clock_;
  std::unique_ptr<Store> store_ = Store::Open({.root = dir_.path() + "/cache"}, files_, clock_).value();
  Cooling cooling_{*store_, minutes(10), clock_};
};

TEST_F(CoolingTest, DropsAModelOnceWhenItHasBeenIdle) {
  ASSERT_TRUE(AddModel(*store_, {{"weights", RandomContent(1 << 20, 1)}}).ok());
  cooling_.Step();
  EXPECT_EQ(cooling_.dropped_bytes(), 0U);
  clock_.Advance(minutes(11));
  cooling_.Step();
  const uint64_t dropped = cooling_.dropped_bytes();
  cooling_.Step();
  EXPECT_EQ(cooling_.dropped_bytes(), dropped);
}

TEST_F(CoolingTest, AModelThatWasReadAheadStaysAWhile) {
  const Digest model = AddModel(*store_, {{"weights", RandomContent(1 << 20, 1)}}).value();
  clock_.Advance(minutes(11));
  cooling_.Warmed(model);
  cooling_.Step();
  EXPECT_EQ(cooling_.dropped_bytes(), 0U);
}

TEST_F(CoolingTest, AMountedModelStays) {
  const Digest model = AddModel(*store_, {{"weights", RandomContent(1 << 20, 1)}}).value();
  ASSERT_TRUE(store_->leases().Put({.volume_id = "v", .target_path = "/t", .pod = "", .manifest = model}).ok());
  clock_.Advance(minutes(11));
  cooling_.Step();
  EXPECT_EQ(cooling_.dropped_bytes(), 0U);
}

}  // namespace
}  // namespace ballast
