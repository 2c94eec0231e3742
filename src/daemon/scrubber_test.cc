#include "daemon/scrubber.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>

#include "base/testing/temp_dir.h"
#include "store/posix_file_system.h"
#include "store/testing/store_fixture.h"

namespace ballast {
namespace {

using ::testing::IsEmpty;
using ::testing::SizeIs;

constexpr size_t kSize = 100'000;

class ScrubberTest : public ::testing::Test {
 protected:
  Digest Add(uint32_t seed) {
    const ModelFiles files{{"weights", RandomContent(kSize, seed)}};
    const Digest id = AddModel(*store_, files).value();
    return store_->models().Find(id)->manifest.files().front().digest;
  }
  // Behind the store's back.
  void Damage(const Digest& blob) {
    const std::string path = store_->root() + "/blobs/sha256/" + blob.Hex();
    ::chmod(path.c_str(), 0644);
    std::fstream file(path, std::ios::in | std::ios::out | std::ios::binary);
    file.seekp(kSize / 2);
    file.put('!');
  }
  Scrubber Make(uint64_t rate = 1 << 30) {
    return Scrubber(
        *store_, dir_.path() + "/scrubbed", {.bytes_per_second = rate}, clock_,
        [this](Duration wait, const std::stop_token& stop) {
          waited_ += wait;
          clock_.Advance(wait);
          if (stop_at_rest_ && wait == std::chrono::hours(24)) stop_.request_stop();
          return !stop.stop_requested();
        },
        [this](const ScrubFinding& finding) { found_.push_back(finding); });
  }

  TempDir dir_;
  PosixFileSystem files_;
  FakeClock clock_;
  std::unique_ptr<Store> store_ =
      Store::Open({.root = dir_.path() + "/cache", .ingest = {4096, 1000, "boot-1", true}}, files_, clock_).value();
  std::vector<ScrubFinding> found_;
  Duration waited_{};
  std::stop_source stop_;
  bool stop_at_rest_ = false;
};

TEST_F(ScrubberTest, WhatIsIntactIsLeftAlone) {
  for (uint32_t seed = 1; seed <= 3; ++seed) Add(seed);
  Scrubber scrubber = Make();
  stop_at_rest_ = true;
  scrubber.Run(stop_.get_token());
  EXPECT_THAT(found_, IsEmpty());
  EXPECT_EQ(scrubber.counts().blobs, 3U);
  EXPECT_EQ(scrubber.counts().passes, 1U);
  EXPECT_THAT(store_->models().List(), SizeIs(3));
}

TEST_F(ScrubberTest, AFlippedBitIsFoundAndTheBlobIsServedNoMore) {
  const Digest intact = Add(1);
  const Digest damaged = Add(2);
  const Digest id = store_->models().List()[0].manifest.Holds(damaged) ? store_->models().List()[0].id
                                                                       : store_->models().List()[1].id;
  ASSERT_EQ(store_->leases().Put({"volume", "/target", "ns/pod", id, ""}), OkStatus());
  Damage(damaged);
  Scrubber scrubber = Make();
  while (scrubber.Step({})) continue;
  ASSERT_THAT(found_, SizeIs(1));
  EXPECT_EQ(found_[0].damage.digest, damaged);
  ASSERT_THAT(found_[0].models, SizeIs(1));
  ASSERT_THAT(found_[0].volumes, SizeIs(1));
  EXPECT_EQ(found_[0].volumes[0].pod, "ns/pod");
  EXPECT_FALSE(store_->blobs().OpenForServing(damaged).ok());
  EXPECT_TRUE(store_->blobs().OpenForServing(intact).ok());
}

TEST_F(ScrubberTest, WhatWentBehindOurBackIsFound) {
  const Digest gone = Add(1);
  ::unlink((store_->root() + "/blobs/sha256/" + gone.Hex()).c_str());
  Scrubber scrubber = Make();
  while (scrubber.Step({})) continue;
  ASSERT_THAT(found_, SizeIs(1));
  EXPECT_EQ(found_[0].damage.problem, "is missing");
  EXPECT_FALSE(store_->blobs().Size(gone).has_value());
}

TEST_F(ScrubberTest, APassGoesOnAfterARestart) {
  for (uint32_t seed = 1; seed <= 3; ++seed) Add(seed);
  {
    Scrubber before = Make();
    EXPECT_TRUE(before.Step({}));
  }
  Scrubber after = Make();
  while (after.Step({})) continue;
  EXPECT_EQ(after.counts().blobs, 2U);
}

TEST_F(ScrubberTest, ItIsAsSlowAsItShallBe) {
  for (uint32_t seed = 1; seed <= 10; ++seed) Add(seed);
  Scrubber scrubber = Make(kSize);
  while (scrubber.Step({})) continue;
  EXPECT_GE(waited_, std::chrono::seconds(8));
}

TEST_F(ScrubberTest, AStopIsNoDamage) {
  Add(1);
  Scrubber scrubber = Make(1);
  stop_.request_stop();
  EXPECT_FALSE(scrubber.Step(stop_.get_token()));
  EXPECT_THAT(found_, IsEmpty());
  EXPECT_EQ(scrubber.counts().blobs, 0U);
}

}  // namespace
}  // namespace ballast
