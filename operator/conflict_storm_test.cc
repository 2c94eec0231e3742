// Somebody else is always faster: many 409 in a row, and no change is lost.
#include <gtest/gtest.h>

#include "operator/testing/operator_fixture.h"

namespace ballast::controller {
namespace {

constexpr uint64_t kGiB = uint64_t{1} << 30;
constexpr int kConflicts = 30;

class ConflictStormTest : public OperatorFixture {
 protected:
  // The next `kConflicts` writes to our objects come too late: somebody annotated the object just before.
  void Annotate() {
    left_ = kConflicts;
    client_.OnCall([this](const FakeCall& call) {
      if (!IsWrite(call) || call.verb == KubeVerb::kCreate || acts_ || left_ == 0) return;
      acts_ = true;
      --left_;
      const Json patch = {{"metadata", {{"annotations", {{StrCat("n", left_), "x"}}}}}};
      EXPECT_TRUE(client_.Patch(call.resource, call.name, patch, Subresource::kNone, {}).ok());
      if (left_ == kConflicts / 2) PatchCache("llama", {{"priority", 70}});
      acts_ = false;
    });
  }
  void ExpectReady() {
    for (const char* node : {"a", "b"}) AgentReports(node);
    Settle();
    Pass(std::chrono::minutes(1));
    const ModelCache cache = Cache("llama");
    EXPECT_EQ(StatusOf(cache, ConditionType::kReady), ConditionStatus::kTrue);
    EXPECT_EQ(cache.status.summary.ready, "2/2");
    EXPECT_EQ(cache.status.observed_generation, cache.metadata.generation);
  }
  // Whatever a retry waits for.
  void PassHours() {
    for (int i = 0; i < 60; ++i) Pass(std::chrono::minutes(6));
  }
  size_t Annotations() {
    size_t count = Cache("llama").metadata.annotations.size();
    for (const char* node : {"a", "b"}) count += NodeOf(node).metadata.annotations.size();
    return count;
  }

  int left_ = 0;
  bool acts_ = false;
};

TEST_F(ConflictStormTest, WhoWritesFasterLosesNothingAndIsNotWaitedForLong) {
  AddNodes({"a", "b"});
  hub_.Put("hf://org/llama", "c1", kGiB);
  Apply(MakeCache("llama"));
  Annotate();
  Lead();
  for (int i = 0; i < 3 && left_ > 0; ++i) {  // what is decided anew at each event needs no backoff
    PatchCache("llama", {{"priority", i}});
    Settle();
  }
  Pass(std::chrono::seconds(1));
  EXPECT_EQ(left_, 0);
  ExpectReady();
  EXPECT_EQ(Cache("llama").spec.priority, 70);
  EXPECT_EQ(Annotations(), static_cast<size_t>(kConflicts));
}

TEST_F(ConflictStormTest, RefusalsWithoutAnEventAreTriedAgain) {
  AddNodes({"a", "b"});
  hub_.Put("hf://org/llama", "c1", kGiB);
  Apply(MakeCache("llama"));
  client_.FailNext(KubeVerb::kPatch, Aborted("the object has been modified"), kConflicts);
  client_.FailNext(KubeVerb::kUpdate, Aborted("the object has been modified"), kConflicts);
  Lead();
  PassHours();
  hub_.Put("hf://org/qwen", "q1", kGiB);
  Apply(MakeCache("qwen"));
  Settle();
  PassHours();
  for (const char* node : {"a", "b"}) EXPECT_EQ(NodeOf(node).spec.caches.size(), 2U) << node;
  ExpectReady();
}

}  // namespace
}  // namespace ballast::controller
