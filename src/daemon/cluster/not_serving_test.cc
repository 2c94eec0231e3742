#include "daemon/cluster/not_serving.h"

#include "daemon/testing/cluster_fixture.h"

namespace ballast {
namespace {

using NotServingTest = ClusterFixture;

TEST_F(NotServingTest, ItIsSaidOnceAndTakenBackByTheAgent) {
  const auto tell = [&] {
    return TellNotServing(kube_, "n1", Reason::kCacheDiskMissing, "/cache is no mount of its own yet", clock_);
  };
  EXPECT_EQ(tell().code(), StatusCode::kNotFound);
  WriteEntries({Entry()});
  ASSERT_TRUE(tell().ok());
  const CacheNodeStatus status = NodeStatus();
  const Condition& ready = *FindCondition(status.conditions, ConditionType::kReady);
  EXPECT_EQ(ready.status, ConditionStatus::kFalse);
  EXPECT_EQ(ready.reason, "CacheDiskMissing");
  ASSERT_TRUE(tell().ok());
  EXPECT_EQ(StatusWrites(), 1);
  Start();
  AwaitStatus([](const CacheNodeStatus& now) {
    return FindCondition(now.conditions, ConditionType::kReady)->status == ConditionStatus::kTrue;
  });
}

}  // namespace
}  // namespace ballast
