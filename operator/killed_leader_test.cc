// A leader that dies before or after any of its writes, and the next one, which arrives at the same end.
#include <gtest/gtest.h>

#include <atomic>
#include <tuple>

#include "operator/cache_task.h"
#include "operator/testing/operator_fixture.h"

namespace ballast::controller {
namespace {

constexpr uint64_t kGiB = uint64_t{1} << 30;

constexpr int kMostWrites = 12;  // more than a leader makes in either life: the last ones are of one that lives

// So many writes are carried out; whether the leader still hears the answer of the last.
class KilledLeaderTest : public OperatorFixture, public testing::WithParamInterface<std::tuple<int, bool>> {
 protected:
  // From now on, until Replace(), as if the process were gone.
  void KillAfterWrites() {
    const auto [writes, answered] = GetParam();
    left_ = writes;
    client_.OnCall([this, answered = answered](const FakeCall& call) {
      if (!IsWrite(call)) return;
      if (left_ <= 0) return client_.FailNext(call.verb, Unavailable("the process was killed"));
      if (--left_ == 0 && !answered) client_.LoseAnswer(call.verb, Unavailable("the process was killed"));
    });
  }
  void Replace() {
    client_.OnCall(nullptr);
    const bool unlimited = std::get<0>(GetParam()) + 1 == kMostWrites;
    EXPECT_TRUE(!unlimited || left_ > 0) << "raise kMostWrites";
    Lead();
  }
  void ExpectWanted(const std::string& node) {
    const CacheNode object = NodeOf(node);
    ASSERT_EQ(object.spec.caches.size(), 1U);
    const CacheEntry* entry = EntryOf(object, "llama", "c1");
    ASSERT_NE(entry, nullptr);
    EXPECT_TRUE(entry->pinned);
    EXPECT_TRUE(entry->current);
  }

  std::atomic<int> left_ = 0;
};

TEST_P(KilledLeaderTest, TheNextOneWarmsTheCache) {
  AddNodes({"a", "b"});
  hub_.Put("hf://org/llama", "c1", kGiB);
  Apply(MakeCache("llama"));
  KillAfterWrites();
  Lead();
  Replace();
  EXPECT_EQ(Cache("llama").status.revision.current.commit, "c1");
  for (const char* node : {"a", "b"}) ExpectWanted(node);
  for (const char* node : {"a", "b"}) AgentReports(node);
  Settle();
  Pass(std::chrono::seconds(10));
  EXPECT_EQ(Cache("llama").status.summary.ready, "2/2");
  EXPECT_EQ(StatusOf(Cache("llama"), ConditionType::kReady), ConditionStatus::kTrue);
}

TEST_P(KilledLeaderTest, TheNextOneLetsADeletedCacheGo) {
  AddNodes({"a", "b"});
  hub_.Put("hf://org/llama", "c1", kGiB);
  Apply(MakeCache("llama"));
  Lead();
  for (const char* node : {"a", "b"}) AgentReports(node);
  Settle();
  ASSERT_TRUE(client_.Delete(kClusterModelCaches, {"", "llama"}, {}, {}).ok());
  KillAfterWrites();
  Settle();
  Replace();
  EXPECT_EQ(client_.Get(kClusterModelCaches, {"", "llama"}, {}).status().code(), StatusCode::kNotFound);
  for (const char* node : {"a", "b"}) EXPECT_TRUE(NodeOf(node).spec.caches.empty()) << node;
}

INSTANTIATE_TEST_SUITE_P(AtEachWrite, KilledLeaderTest,
                         testing::Combine(testing::Range(0, kMostWrites), testing::Bool()));

}  // namespace
}  // namespace ballast::controller
