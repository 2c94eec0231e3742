#include "daemon/memory_room.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "base/testing/temp_dir.h"

namespace ballast {
namespace {

using ::testing::HasSubstr;

constexpr uint64_t kGiB = uint64_t{1} << 30;

TEST(RoomToWarmTest, IsAShareOfWhatIsAvailable) {
  const MemoryRoom room = RoomToWarm({.available_bytes = 100 * kGiB}, 50);
  EXPECT_NEAR(static_cast<double>(room.bytes), static_cast<double>(50 * kGiB), 100);
  EXPECT_THAT(room.limited_by, HasSubstr("50 % of the 100 GiB"));
}

TEST(RoomToWarmTest, ATighterLimitIsNamed) {
  const MemoryRoom room = RoomToWarm(
      {.available_bytes = 100 * kGiB, .limit = MemoryLimit{.limit_bytes = 4 * kGiB, .kept_bytes = kGiB}}, 50);
  EXPECT_EQ(room.bytes, 3 * kGiB);
  EXPECT_THAT(room.limited_by, HasSubstr("memory limit is 4.0 GiB"));
}

TEST(RoomToWarmTest, AWiderLimitChangesNothing) {
  const MemoryFacts facts{.available_bytes = kGiB, .limit = MemoryLimit{.limit_bytes = 4 * kGiB}};
  EXPECT_THAT(RoomToWarm(facts, 10).limited_by, HasSubstr("10 %"));
}

TEST(RoomToWarmTest, ALimitThatIsUsedUpLeavesNothing) {
  const MemoryFacts facts{.available_bytes = kGiB, .limit = MemoryLimit{.limit_bytes = 10, .kept_bytes = 20}};
  EXPECT_EQ(RoomToWarm(facts, 50).bytes, 0U);
}

class MemoryFactsTest : public ::testing::Test {
 protected:
  void Write(const std::string& path, const std::string& text) const {
    const std::filesystem::path whole = dir_.path() + path;
    std::filesystem::create_directories(whole.parent_path());
    std::ofstream(whole) << text;
  }
  void WriteGroup(const std::string& path, const std::string& max, uint64_t current, uint64_t cached) const {
    Write("/cgroup" + path + "/memory.max", max + "\n");
    Write("/cgroup" + path + "/memory.current", std::to_string(current) + "\n");
    Write("/cgroup" + path + "/memory.stat", "anon 1\nfile 999\ninactive_file " + std::to_string(cached / 2) +
                                                 "\nactive_file " + std::to_string(cached - cached / 2) + "\n");
  }
  MemoryFacts Read() const { return ReadMemoryFacts(dir_.path() + "/proc", dir_.path() + "/cgroup").value(); }
  void SetUp() override { Write("/proc/meminfo", "MemTotal:       8000000 kB\nMemAvailable:    5000000 kB\n"); }

  TempDir dir_;
};

TEST_F(MemoryFactsTest, WithoutCgroupsThereIsNoLimit) {
  EXPECT_EQ(Read().available_bytes, uint64_t{5'000'000} << 10);
  EXPECT_FALSE(Read().limit);
}

TEST_F(MemoryFactsTest, TheTightestOfTheGroupsAboveCounts) {
  Write("/proc/self/cgroup", "0::/kubepods/pod1/cache\n");
  WriteGroup("/kubepods/pod1/cache", "max", 100, 0);
  WriteGroup("/kubepods/pod1", "1000", 700, 500);
  WriteGroup("/kubepods", "5000", 700, 0);
  ASSERT_TRUE(Read().limit);
  EXPECT_EQ(Read().limit->limit_bytes, 1000U);
  EXPECT_EQ(Read().limit->left(), 800U);
}

TEST_F(MemoryFactsTest, AContainerSeesItsOwnGroupAsTheRoot) {
  Write("/proc/self/cgroup", "0::/\n");
  WriteGroup("", "1000", 100, 0);
  ASSERT_TRUE(Read().limit);
  EXPECT_EQ(Read().limit->left(), 900U);
}

TEST_F(MemoryFactsTest, CgroupsOfTheFirstVersionHaveOtherNames) {
  Write("/proc/self/cgroup", "12:cpu:/x\n5:memory:/x\n0::/x\n");
  Write("/cgroup/memory/x/memory.limit_in_bytes", "1000\n");
  Write("/cgroup/memory/x/memory.usage_in_bytes", "500\n");
  Write("/cgroup/memory/x/memory.stat", "active_file 1\ntotal_inactive_file 100\ntotal_active_file 200\n");
  ASSERT_TRUE(Read().limit);
  EXPECT_EQ(Read().limit->left(), 800U);
}

TEST(MemoryFactsOfThisMachineTest, AreThere) { EXPECT_GT(ReadMemoryFacts().value().available_bytes, 0U); }

}  // namespace
}  // namespace ballast
