#include "daemon/early_mounts.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/small_file.h"
#include "base/testing/temp_dir.h"

namespace ballast {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

EarlyMount Mount(const std::string& volume) {
  return {.volume_id = volume,
          .target_path = "/pods/" + volume,
          .layout = Layout::kHf,
          .request = {.ref = ModelRef::Parse("hf://org/a@main").value(),
                      .filter = {.include = {"*.json"}},
                      .origin = "hub",
                      .keep_resolution = true,
                      .pod_namespace = "team"}};
}
Lease LeaseOf(const EarlyMount& mount, bool complete) {
  return {.volume_id = mount.volume_id,
          .target_path = mount.target_path,
          .manifest = complete ? std::optional(Digest::Of("m")) : std::nullopt,
          .view = "views/x"};
}

TEST(EarlyMountsTest, WhatWaitsIsThereAfterARestart) {
  const TempDir dir;
  const std::string file = dir.path() + "/early.json";
  ASSERT_TRUE(EarlyMounts::Open(file).value()->Add(Mount("v1")).ok());
  EXPECT_THAT(EarlyMounts::Open(file).value()->Sync({LeaseOf(Mount("v1"), false)}).value(), ElementsAre(Mount("v1")));
}

TEST(EarlyMountsTest, WhatIsCompleteOrReleasedIsDropped) {
  const TempDir dir;
  const auto mounts = EarlyMounts::Open(dir.path() + "/early.json").value();
  for (const char* volume : {"waits", "complete", "released"}) ASSERT_TRUE(mounts->Add(Mount(volume)).ok());
  const std::vector<Lease> leases = {LeaseOf(Mount("waits"), false), LeaseOf(Mount("complete"), true)};
  EXPECT_THAT(mounts->Sync(leases).value(), ElementsAre(Mount("waits")));
  EXPECT_THAT(mounts->Sync({}).value(), IsEmpty());
}

TEST(EarlyMountsTest, ADamagedFileIsAnErrorWithARemedy) {
  const TempDir dir;
  for (const char* bad : {"", "{}", R"({"version":1,"mounts":[{"model":"x"}]})", R"({"version":9,"mounts":[]})"}) {
    ASSERT_TRUE(ReplaceSmallFile(dir.path() + "/early.json", bad).ok());
    EXPECT_THAT(EarlyMounts::Open(dir.path() + "/early.json").status().message(), ::testing::HasSubstr("remove it"))
        << bad;
  }
}

}  // namespace
}  // namespace ballast
