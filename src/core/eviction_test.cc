#include "core/eviction.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <random>
#include <set>
#include <string>

#include "base/strings.h"

namespace ballast {
namespace {

using std::chrono::seconds;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

constexpr uint64_t kGiB = 1ULL << 30;

Digest Id(std::string_view name) { return Digest::Of(name); }

// A disk of 1,000 GiB with models of one blob each, as large as the test says; nothing else is on it.
struct World {
  EvictionInput input{.policy = {.high_percent = 100, .low_percent = 100}, .disk = {.total_bytes = 1000 * kGiB}};

  World() { input.disk.free_bytes = input.disk.total_bytes; }

  BlobIndex Blob(const std::string& name, uint64_t bytes) {
    input.blobs.push_back({Id(name), bytes});
    Take(bytes);
    return static_cast<BlobIndex>(input.blobs.size() - 1);
  }
  void Take(uint64_t bytes) {
    input.disk.used_bytes += bytes;
    input.disk.free_bytes -= bytes;
  }
  // Used after all that were added before.
  EvictionModel& Model(const std::string& name, uint64_t bytes) { return Of(name, {Blob("blob of " + name, bytes)}); }
  EvictionModel& Of(const std::string& name, std::vector<BlobIndex> blobs) {
    input.models.push_back(
        {.id = Id(name), .blobs = std::move(blobs), .last_use = input.models.size() + 1, .priority = 0});
    names[Id(name)] = name;
    return input.models.back();
  }
  std::vector<std::string> Evicted() const {
    std::vector<std::string> out;
    for (const Eviction& one : PlanEviction(input).evictions)
      out.push_back(names.contains(one.id) ? names.at(one.id) : "a blob");
    return out;
  }
  std::vector<EvictionReason> Reasons() const {
    std::vector<EvictionReason> out;
    for (const Eviction& one : PlanEviction(input).evictions) out.push_back(one.reason);
    return out;
  }

  std::map<Digest, std::string> names;
};

TEST(EvictionTest, WithRoomNothingGoes) {
  World world;
  world.Model("a", 10 * kGiB);
  world.input.policy.quota_bytes = 10 * kGiB;
  EXPECT_THAT(world.Evicted(), IsEmpty());
}

TEST(EvictionTest, AboveTheQuotaTheLongestUnusedGoesAndNoMore) {
  World world;
  for (const char* name : {"a", "b", "c", "d"}) world.Model(name, 10 * kGiB);
  world.input.models[0].last_use = 9;
  world.input.policy.quota_bytes = 25 * kGiB;
  EXPECT_THAT(world.Evicted(), ElementsAre("b", "c"));
}

TEST(EvictionTest, FromTheHighThresholdOnItGoesDownToTheLowOne) {
  World world;
  for (int i = 0; i < 9; ++i) world.Model(StrCat("model-", i), 100 * kGiB);
  world.input.policy.high_percent = 90;
  world.input.policy.low_percent = 80;
  EXPECT_THAT(world.Evicted(), ElementsAre("model-0"));
  world.input.disk.free_bytes += kGiB;  // 89.9 %
  EXPECT_THAT(world.Evicted(), IsEmpty());
}

TEST(EvictionTest, OthersBytesFillTheDiskAndOnlyOursGo) {
  World world;
  world.Model("a", 10 * kGiB);
  world.input.disk.free_bytes = 50 * kGiB;  // 940 GiB are others'
  world.input.policy.high_percent = 80;
  world.input.policy.low_percent = 70;
  const EvictionPlan plan = PlanEviction(world.input);
  EXPECT_EQ(plan.freed_bytes, 10 * kGiB);
  EXPECT_EQ(plan.missing_bytes, 240 * kGiB);
}

TEST(EvictionTest, WhatShallStayFreeIsFreed) {
  World world;
  world.Model("a", 10 * kGiB);
  world.input.disk.free_bytes = 95 * kGiB;
  world.input.policy.min_available = 100 * kGiB;
  EXPECT_THAT(world.Evicted(), ElementsAre("a"));
}

TEST(EvictionTest, MountedPinnedAndMovingStayWhateverTheQuota) {
  World world;
  world.Model("mounted", 10 * kGiB).mounted = true;
  world.Model("pinned", 10 * kGiB).pinned = true;
  world.Model("moving", 10 * kGiB).moving = true;
  for (EvictionModel& model : world.input.models) {
    model.surplus = true;
    model.unused_for = seconds(1);
    model.idle = seconds(100);
  }
  world.input.policy.quota_bytes = kGiB;
  const EvictionPlan plan = PlanEviction(world.input);
  EXPECT_THAT(plan.evictions, IsEmpty());
  EXPECT_EQ(plan.missing_bytes, 29 * kGiB);
  EXPECT_EQ(ProtectedBytes(world.input), 30 * kGiB);
}

TEST(EvictionTest, WhatIsUnusedForTooLongGoesThoughThereIsRoom) {
  World world;
  EvictionModel& model = world.Model("a", kGiB);
  model.unused_for = seconds(3600);
  model.idle = seconds(3600);
  EXPECT_THAT(world.Evicted(), IsEmpty());
  model.idle = seconds(3601);
  EXPECT_THAT(world.Reasons(), ElementsAre(EvictionReason::kExpired));
}

TEST(EvictionTest, RevisionsThatAreTooManyGoThoughThereIsRoom) {
  World world;
  world.Model("a", kGiB).surplus = true;
  EXPECT_THAT(world.Reasons(), ElementsAre(EvictionReason::kSurplus));
}

TEST(EvictionTest, TheOrderIsThatOfTheReasons) {
  World world;
  world.Model("recent", kGiB);
  world.Model("important", kGiB).priority = 5;
  world.Model("superseded", kGiB).superseded = true;
  world.Model("released", kGiB).priority = std::nullopt;
  world.Blob("orphan", kGiB);
  world.Model("surplus", kGiB).surplus = true;
  EvictionModel& expired = world.Model("expired", kGiB);
  expired.unused_for = seconds(1);
  expired.idle = seconds(2);
  world.input.policy.quota_bytes = 1;
  EXPECT_THAT(world.Evicted(),
              ElementsAre("expired", "surplus", "a blob", "released", "superseded", "recent", "important"));
}

TEST(EvictionTest, ASharedBlobComesFreeWithTheLastOfItsModels) {
  World world;
  const BlobIndex shared = world.Blob("shared", 10 * kGiB);
  world.Of("a", {shared});
  world.Of("b", {shared});
  world.input.policy.quota_bytes = kGiB;
  const EvictionPlan plan = PlanEviction(world.input);
  ASSERT_EQ(plan.evictions.size(), 2U);
  EXPECT_EQ(plan.evictions[0].freed_bytes, 0U);
  EXPECT_EQ(plan.evictions[1].freed_bytes, 10 * kGiB);
}

TEST(EvictionTest, WhatWouldFreeNothingStays) {
  World world;
  const BlobIndex shared = world.Blob("shared", 10 * kGiB);
  world.Of("in vain", {shared});
  world.Of("mounted", {shared}).mounted = true;
  world.Model("useful", 5 * kGiB);
  world.input.policy.quota_bytes = 10 * kGiB;
  EXPECT_THAT(world.Evicted(), ElementsAre("useful"));
}

TEST(EvictionTest, WhatALargerOneMadeNeedlessStays) {
  World world;
  world.Model("small", kGiB);
  world.Model("large", 100 * kGiB);
  world.input.policy.quota_bytes = 50 * kGiB;
  EXPECT_THAT(world.Evicted(), ElementsAre("large"));
}

TEST(EvictionTest, BlobsOfARunningDownloadAreNoOrphans) {
  World world;
  world.input.in_transfer.push_back(world.Blob("half a model", 10 * kGiB));
  world.input.policy.quota_bytes = 1;
  EXPECT_THAT(world.Evicted(), IsEmpty());
}

TEST(EvictionTest, ADownloadGetsItsRoom) {
  World world;
  for (const char* name : {"a", "b"}) world.Model(name, 40 * kGiB);
  world.input.policy.quota_bytes = 100 * kGiB;
  world.input.disk.reserved_bytes = 10 * kGiB;  // another's
  world.input.request = RoomRequest{.bytes = 30 * kGiB};
  EXPECT_THAT(world.Evicted(), ElementsAre("a"));
  EXPECT_TRUE(Fits(PlanEviction(world.input), *world.input.request));
}

TEST(EvictionTest, NothingGoesForADownloadThatDoesNotFitAllTheSame) {
  World world;
  world.Model("a", 40 * kGiB);
  world.Model("b", 40 * kGiB).mounted = true;
  world.input.policy.quota_bytes = 100 * kGiB;
  world.input.request = RoomRequest{.bytes = 70 * kGiB};
  const EvictionPlan plan = PlanEviction(world.input);
  EXPECT_THAT(plan.evictions, IsEmpty());
  EXPECT_EQ(plan.missing_bytes, 10 * kGiB);
  EXPECT_FALSE(Fits(plan, *world.input.request));
}

TEST(EvictionTest, NothingMoreImportantGoesForADownload) {
  World world;
  world.Model("important", 40 * kGiB).priority = 10;
  world.Model("equal", 40 * kGiB).priority = 5;
  world.input.policy.quota_bytes = 100 * kGiB;
  world.input.request = RoomRequest{.bytes = 50 * kGiB, .priority = 5};
  EXPECT_THAT(world.Evicted(), ElementsAre("equal"));
  world.input.request->bytes = 61 * kGiB;
  EXPECT_THAT(world.Evicted(), IsEmpty());
  world.input.request->priority = 10;
  EXPECT_THAT(world.Evicted(), ElementsAre("equal", "important"));
}

TEST(EvictionTest, ATenantAboveItsQuotaLosesItsOwn) {
  World world;
  world.input.tenants = {{.quota_bytes = 50 * kGiB}, {.quota_bytes = 500 * kGiB}};
  world.Model("platform", 40 * kGiB);
  world.Model("other tenant", 40 * kGiB).tenants = {1};
  const BlobIndex shared = world.Blob("shared", 40 * kGiB);
  world.Of("shared with the other", {shared}).tenants = {0, 1};
  world.Model("own", 40 * kGiB).tenants = {0};
  EXPECT_THAT(world.Evicted(), ElementsAre("own"));
}

TEST(EvictionTest, ASharedBlobCountsInFullForEachTenant) {
  World world;
  world.input.tenants = {{.quota_bytes = 50 * kGiB}, {.quota_bytes = 50 * kGiB}};
  const BlobIndex shared = world.Blob("shared", 60 * kGiB);
  world.Of("one", {shared}).tenants = {0};
  world.Of("the other", {shared}).tenants = {1};
  EXPECT_THAT(world.Evicted(), ElementsAre("one", "the other"));
}

TEST(EvictionTest, ADownloadStaysWithinItsTenantsQuota) {
  World world;
  world.input.tenants = {{.quota_bytes = 50 * kGiB}};
  world.Model("own", 40 * kGiB).tenants = {0};
  world.Model("mounted", 10 * kGiB).tenants = {0};
  world.input.models[1].mounted = true;
  world.input.request = RoomRequest{.bytes = 40 * kGiB, .tenants = {0}};
  EXPECT_THAT(world.Evicted(), ElementsAre("own"));
  world.input.request->bytes = 41 * kGiB;
  EXPECT_THAT(world.Evicted(), IsEmpty());
  EXPECT_FALSE(Fits(PlanEviction(world.input), *world.input.request));
}

// ---- rules over many generated states

class Generator {
 public:
  explicit Generator(uint32_t seed) : random_(seed) {}

  EvictionInput Input() {
    EvictionInput input;
    for (int i = Up(30); i > 0; --i) input.blobs.push_back({Id(StrCat("blob ", i)), uint64_t{1} << Up(20)});
    for (int i = Up(3); i > 0; --i) input.tenants.push_back({.quota_bytes = static_cast<uint64_t>(Up(1 << 20))});
    for (int i = Up(15); i > 0; --i) input.models.push_back(Model(i, input));
    for (BlobIndex blob = 0; blob < input.blobs.size(); ++blob) {
      if (Chance(10)) input.in_transfer.push_back(blob);
    }
    Disk(input);
    if (Chance(40)) {
      input.request = RoomRequest{.bytes = uint64_t{1} << Up(22), .priority = Up(4)};
      if (!input.tenants.empty() && Chance(50)) input.request->tenants = {0};
    }
    return input;
  }
  std::mt19937& random() { return random_; }

 private:
  int Up(int most) { return std::uniform_int_distribution<int>(0, most)(random_); }
  bool Chance(int percent) { return Up(99) < percent; }

  EvictionModel Model(int number, const EvictionInput& input) {
    EvictionModel model{.id = Id(StrCat("model ", number)), .own_bytes = static_cast<uint64_t>(Up(4096))};
    for (BlobIndex blob = 0; blob < input.blobs.size(); ++blob) {
      if (Chance(15)) model.blobs.push_back(blob);
    }
    for (TenantIndex tenant = 0; tenant < input.tenants.size(); ++tenant) {
      if (Chance(30)) model.tenants.push_back(tenant);
    }
    model.last_use = static_cast<uint64_t>(Up(5));
    model.idle = seconds(Up(10));
    if (Chance(30)) model.unused_for = seconds(Up(10));
    model.surplus = Chance(10);
    model.superseded = Chance(20);
    if (Chance(80)) model.priority = Up(4);
    model.mounted = Chance(15);
    model.pinned = Chance(15);
    model.moving = Chance(5);
    return model;
  }

  void Disk(EvictionInput& input) {
    for (const EvictionBlob& blob : input.blobs) input.disk.used_bytes += blob.allocated_bytes;
    for (const EvictionModel& model : input.models) input.disk.used_bytes += model.own_bytes;
    const uint64_t others = uint64_t{1} << Up(23);
    input.disk.free_bytes = uint64_t{1} << Up(23);
    input.disk.total_bytes = input.disk.used_bytes + others + input.disk.free_bytes;
    input.disk.reserved_bytes = Chance(30) ? uint64_t{1} << Up(20) : 0;
    input.policy.quota_bytes = Chance(50) ? input.disk.used_bytes * static_cast<uint64_t>(Up(12)) / 10 : 0;
    input.policy.min_available = Chance(30) ? uint64_t{1} << Up(22) : 0;
    input.policy.high_percent = 20 + Up(80);
    input.policy.low_percent = input.policy.high_percent - Up(20);
  }

  std::mt19937 random_;
};

// Found again from nothing but what an eviction means.
struct Outcome {
  std::set<Digest> gone;
  uint64_t freed = 0;
  std::vector<uint64_t> over;
};

Outcome After(const EvictionInput& input, const std::set<Digest>& gone, bool with_request) {
  Outcome outcome{.gone = gone};
  std::set<BlobIndex> held(input.in_transfer.begin(), input.in_transfer.end());
  std::set<BlobIndex> named = held;
  std::vector<std::set<BlobIndex>> of_tenant(input.tenants.size());
  for (const EvictionModel& model : input.models) {
    named.insert(model.blobs.begin(), model.blobs.end());
    if (gone.contains(model.id)) {
      outcome.freed += model.own_bytes;
      continue;
    }
    held.insert(model.blobs.begin(), model.blobs.end());
    for (const TenantIndex tenant : model.tenants) of_tenant[tenant].insert(model.blobs.begin(), model.blobs.end());
  }
  for (BlobIndex blob = 0; blob < input.blobs.size(); ++blob) {
    const bool orphan = !named.contains(blob);
    if (orphan ? gone.contains(input.blobs[blob].digest) : !held.contains(blob))
      outcome.freed += input.blobs[blob].allocated_bytes;
  }
  for (TenantIndex tenant = 0; tenant < input.tenants.size(); ++tenant) {
    uint64_t bytes = 0;
    for (const BlobIndex blob : of_tenant[tenant]) bytes += input.blobs[blob].allocated_bytes;
    if (with_request && input.request && std::ranges::count(input.request->tenants, tenant) > 0)
      bytes += input.request->bytes;
    const uint64_t quota = input.tenants[tenant].quota_bytes;
    outcome.over.push_back(quota > 0 && bytes > quota ? bytes - quota : 0);
  }
  return outcome;
}

std::set<Digest> IdsOf(const EvictionPlan& plan) {
  std::set<Digest> ids;
  for (const Eviction& one : plan.evictions) ids.insert(one.id);
  return ids;
}

bool GoesAnyway(const Eviction& one) {
  return one.reason == EvictionReason::kExpired || one.reason == EvictionReason::kSurplus;
}

class EvictionRules : public ::testing::TestWithParam<uint32_t> {
 protected:
  void SetUp() override {
    input = generator.Input();
    plan = PlanEviction(input);
    fits = !input.request || Fits(plan, *input.request);
  }
  uint64_t ToFree() const {
    return BytesToFree(input.policy, input.disk, input.request && fits ? input.request->bytes : 0);
  }

  Generator generator{GetParam()};
  EvictionInput input;
  EvictionPlan plan;
  bool fits = true;
};

TEST_P(EvictionRules, NothingThatIsNeededGoes) {
  const std::set<Digest> gone = IdsOf(plan);
  EXPECT_EQ(gone.size(), plan.evictions.size()) << "each once";
  for (const EvictionModel& model : input.models) EXPECT_TRUE(model.MayGo() || !gone.contains(model.id));
  for (const BlobIndex blob : input.in_transfer) EXPECT_FALSE(gone.contains(input.blobs[blob].digest));
}

TEST_P(EvictionRules, WhatItSaysComesFreeComesFree) {
  uint64_t sum = 0;
  for (const Eviction& one : plan.evictions) sum += one.freed_bytes;
  EXPECT_EQ(sum, plan.freed_bytes);
  EXPECT_EQ(After(input, IdsOf(plan), fits).freed, plan.freed_bytes);
}

TEST_P(EvictionRules, ThereIsRoomAfterwardsUnlessAllThatMayGoIsGone) {
  if (plan.freed_bytes >= ToFree()) return;
  std::set<Digest> all = IdsOf(plan);
  for (const EvictionModel& model : input.models) {
    if (model.MayGo()) all.insert(model.id);
  }
  for (const EvictionBlob& blob : input.blobs) all.insert(blob.digest);
  EXPECT_EQ(After(input, all, fits).freed, plan.freed_bytes);
}

TEST_P(EvictionRules, NothingGoesThatCouldStay) {
  const std::set<Digest> gone = IdsOf(plan);
  const Outcome outcome = After(input, gone, fits);
  for (const Eviction& one : plan.evictions) {
    if (GoesAnyway(one)) continue;
    std::set<Digest> others = gone;
    others.erase(one.id);
    const Outcome without = After(input, others, fits);
    const bool room = without.freed >= std::min(ToFree(), outcome.freed);
    EXPECT_FALSE(room && without.over == outcome.over) << one.id.ToString();
  }
}

TEST_P(EvictionRules, ARequestTakesNothingMoreImportant) {
  if (!input.request) return;
  EvictionInput without = input;
  without.request.reset();
  const uint64_t overdue = BytesToFree(input.policy, input.disk, 0);
  if (overdue > 0 || !input.tenants.empty()) return;
  for (const Eviction& one : plan.evictions) {
    const auto model = std::ranges::find(input.models, one.id, &EvictionModel::id);
    if (model == input.models.end() || GoesAnyway(one)) continue;
    EXPECT_LE(model->priority.value_or(INT32_MIN), input.request->priority);
  }
}

TEST_P(EvictionRules, TheOrderOfTheInputDoesNotMatter) {
  EvictionInput shuffled = input;
  std::shuffle(shuffled.models.begin(), shuffled.models.end(), generator.random());
  EXPECT_EQ(PlanEviction(shuffled), plan);
}

TEST_P(EvictionRules, OnceDoneNothingIsLeftToDo) {
  const std::set<Digest> gone = IdsOf(plan);
  EvictionInput later = input;
  later.request.reset();
  std::erase_if(later.models, [&](const EvictionModel& model) { return gone.contains(model.id); });
  std::set<BlobIndex> named(input.in_transfer.begin(), input.in_transfer.end());
  for (const EvictionModel& model : input.models) named.insert(model.blobs.begin(), model.blobs.end());
  std::set<BlobIndex> held(input.in_transfer.begin(), input.in_transfer.end());
  for (const EvictionModel& model : later.models) held.insert(model.blobs.begin(), model.blobs.end());
  for (BlobIndex blob = 0; blob < input.blobs.size(); ++blob) {
    const bool left = named.contains(blob) ? held.contains(blob) : !gone.contains(input.blobs[blob].digest);
    if (left) continue;
    later.blobs[blob].allocated_bytes = 0;  // its index stays
    later.in_transfer.push_back(blob);
  }
  later.disk.used_bytes -= plan.freed_bytes;
  later.disk.free_bytes += plan.freed_bytes;
  EXPECT_THAT(PlanEviction(later).evictions, IsEmpty());
}

INSTANTIATE_TEST_SUITE_P(Many, EvictionRules, ::testing::Range(0U, 2000U));

}  // namespace
}  // namespace ballast
