#include "operator/agents/progress_poller.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "operator/testing/operator_fixture.h"

namespace ballast::controller {
namespace {

using ::testing::UnorderedElementsAre;

// Agents that say the same, while they answer.
class SomeAgents final : public AgentProgress {
 public:
  Result<std::vector<EntryProgress>> Ask(const AgentEndpoint& agent, const std::stop_token& /*stop*/) override {
    MutexLock lock(mutex_);
    if (!answer_) return Unavailable(StrCat("no answer from ", agent.node));
    return *answer_;
  }
  void Say(std::optional<std::vector<EntryProgress>> answer) {
    MutexLock lock(mutex_);
    answer_ = std::move(answer);
  }

 private:
  Mutex mutex_;
  std::optional<std::vector<EntryProgress>> answer_ GUARDED_BY(mutex_);
};

class ProgressPollerTest : public OperatorFixture {
 protected:
  // A round; the caches that are looked at anew.
  std::vector<std::string> Poll(bool all) {
    changed_.clear();
    poller_->Poll(all, {});
    return changed_;
  }
  void Begin() {
    Lead();
    poller_.emplace(ProgressPoller::Parts{
        .view = *view_, .agents = agents_, .book = book_, .on_change = [this](const std::string& cache) {
          changed_.push_back(cache);
        }});
  }

  SomeAgents agents_;
  ProgressBook book_;
  std::vector<std::string> changed_;
  std::optional<ProgressPoller> poller_;
};

TEST_F(ProgressPollerTest, ACacheThatNoNodeListsAnyMoreIsMountedNowhere) {
  AddNodes({"a"});
  hub_.Put("hf://org/llama", "c1", 1);
  ModelCache on_demand = MakeCache("qwen");
  on_demand.spec.nodes.reset();
  Apply(MakeCache("llama"));
  Apply(on_demand);
  Begin();
  EXPECT_TRUE(Poll(false).empty());
  EXPECT_FALSE(book_.Of("qwen")) << "not all were asked";
  EXPECT_THAT(Poll(true), UnorderedElementsAre("qwen"));
  EXPECT_EQ(book_.Of("qwen"), CacheProgress());
  EXPECT_FALSE(book_.Of("llama")) << "it is listed, and nobody said how often it is mounted";
  agents_.Say(std::vector<EntryProgress>{{.cache = "llama", .phase = "Ready", .mounts = 3}});
  EXPECT_THAT(Poll(true), UnorderedElementsAre("llama"));
  EXPECT_EQ(book_.Of("llama")->mounts, 3);
  PatchCache("llama", {{"nodes", nullptr}});
  Settle();
  agents_.Say(std::vector<EntryProgress>());
  EXPECT_THAT(Poll(true), UnorderedElementsAre("llama"));
  EXPECT_EQ(book_.Of("llama"), CacheProgress());
  EXPECT_TRUE(Poll(false).empty());
}

}  // namespace
}  // namespace ballast::controller
