#include "daemon/cluster/node_status.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "store/room.h"

namespace ballast {
namespace {

using ::testing::HasSubstr;

constexpr Timestamp kNow{std::chrono::seconds(1'700'000'000)};
constexpr Timestamp kLater = kNow + std::chrono::seconds(60);

CacheNode Node() {
  CacheNode node;
  node.metadata.name = "n1";
  node.metadata.generation = 7;
  node.spec.caches = {{.cache = "pinned", .manifest = "sha256:1", .pinned = true},
                      {.cache = "demand", .manifest = "sha256:2"}};
  return node;
}

NodeFindings Nothing() {
  NodeFindings found;
  found.entries.resize(2);
  found.usage = {.used_bytes = 5, .disk_free_bytes = 100, .disk_total_bytes = 200};
  return found;
}

JobSnapshot Job(JobPhase phase, Status error = OkStatus()) {
  JobSnapshot job{.phase = phase, .error = std::move(error)};
  job.progress.bytes_done = 3;
  job.progress.bytes_total = 10;
  return job;
}

// As it is after the status was written.
CacheNode After(CacheNode node, const NodeFindings& found, Timestamp now) {
  node.status = StatusOf(node, found, {}, now);
  return node;
}

TEST(NodeStatusTest, EachEntryHasItsPhase) {
  NodeFindings found = Nothing();
  CacheNodeStatus status = StatusOf(Node(), found, {}, kNow);
  EXPECT_EQ(status.observed_generation, 7);
  EXPECT_EQ(status.summary.caches, "0/1");
  EXPECT_EQ(status.caches[0].phase, CachePhase::kWaiting);
  EXPECT_EQ(status.caches[1].reason, "OnDemand");
  found.entries[0].job = Job(JobPhase::kRunning);
  found.entries[1] = {.here = true, .bytes = 20};
  status = StatusOf(Node(), found, {}, kNow);
  EXPECT_EQ(status.caches[0].phase, CachePhase::kDownloading);
  EXPECT_EQ(status.caches[0].bytes, 10U);
  EXPECT_EQ(status.caches[1].phase, CachePhase::kReady);
  EXPECT_EQ(status.caches[1].bytes, 20U);
  EXPECT_EQ(status.caches[1].since, kNow);
}

TEST(NodeStatusTest, AFailureHasAReasonAndStaysUntilItIsCured) {
  NodeFindings found = Nothing();
  found.entries[0].job = Job(JobPhase::kWaiting, Unavailable("the hub is down"));
  const CacheNode failed = After(Node(), found, kNow);
  EXPECT_EQ(failed.status.caches[0].phase, CachePhase::kFailed);
  EXPECT_EQ(failed.status.caches[0].reason, "OriginUnreachable");
  EXPECT_EQ(failed.status.caches[0].message, "the hub is down");
  found.entries[0].job = Job(JobPhase::kRunning);
  EXPECT_EQ(StatusOf(failed, found, {}, kLater).caches[0], failed.status.caches[0]) << "tried again is no news";
  found.entries[0] = {.here = true, .bytes = 10};
  EXPECT_EQ(StatusOf(failed, found, {}, kLater).caches[0].phase, CachePhase::kReady);
  EXPECT_EQ(StatusOf(failed, found, {}, kLater).caches[0].since, kLater);
}

TEST(NodeStatusTest, ReasonsOfFailures) {
  EXPECT_EQ(ReasonOf(Unauthenticated("?")), Reason::kUnauthorized);
  EXPECT_EQ(ReasonOf(PermissionDenied("?")), Reason::kUnauthorized);
  EXPECT_EQ(ReasonOf(NotFound("?")), Reason::kSourceNotFound);
  EXPECT_EQ(ReasonOf(ResourceExhausted("?")), Reason::kWaitingForRoom);
  EXPECT_EQ(ReasonOf(DataLoss("?")), Reason::kDigestMismatch);
  EXPECT_EQ(ReasonOf(Internal("?")), Reason::kDownloadFailed);
  EXPECT_EQ(ReasonOf(CheckRoom({.quota = 10, .total = 100}, 50)), Reason::kNodeTooSmall);
  EXPECT_EQ(ReasonOf(FailedPrecondition("it changed")), Reason::kDownloadFailed);
}

TEST(NodeStatusTest, APrewarmIsTwoWrites) {
  NodeFindings found = Nothing();
  CacheNode node = Node();
  int writes = 0;
  const auto step = [&](Timestamp now) {
    const CacheNodeStatus next = StatusOf(node, found, {}, now);
    if (!WorthWriting(node.status, next)) return;
    node.status = next;
    ++writes;
  };
  step(kNow);
  found.entries[0].job = Job(JobPhase::kQueued);
  step(kNow);
  found.entries[0].job = Job(JobPhase::kRunning);
  step(kLater);
  found.entries[0].job->progress.bytes_done = 9;
  found.usage.used_bytes = 9;
  found.usage.disk_free_bytes = 91;
  step(kLater);
  EXPECT_EQ(writes, 1);
  found.entries[0] = {.here = true, .bytes = 10};
  step(kLater);
  EXPECT_EQ(writes, 2);
  found.usage.used_bytes = 10;
  step(kLater + std::chrono::hours(1));
  EXPECT_EQ(writes, 2);
}

TEST(NodeStatusTest, ConditionsSayWhatIsWrong) {
  NodeFindings found = Nothing();
  found.room.quota_bytes = 4;
  found.shares_node_filesystem = true;
  found.certificate = CertificateFacts{.valid = false, .reason = Reason::kNoCertificate, .message = "no operator"};
  found.not_serving = CertificateFacts{.valid = false, .reason = Reason::kCacheDiskMissing, .message = "no disk"};
  const CacheNodeStatus status = StatusOf(Node(), found, {}, kNow);
  const auto reason = [&](ConditionType type) { return FindCondition(status.conditions, type)->reason; };
  EXPECT_EQ(reason(ConditionType::kReady), "CacheDiskMissing");
  EXPECT_EQ(reason(ConditionType::kCertificateReady), "NoCertificate");
  EXPECT_EQ(reason(ConditionType::kSharesNodeFilesystem), "SharedFilesystem");
  EXPECT_EQ(reason(ConditionType::kQuotaExceeded), "NodeQuotaExceeded");
  EXPECT_EQ(FindCondition(status.conditions, ConditionType::kReady)->status, ConditionStatus::kFalse);
}

TEST(NodeStatusTest, AQuestionAndANewGenerationAreWorthAWrite) {
  const CacheNode node = After(Node(), Nothing(), kNow);
  EXPECT_TRUE(WorthWriting(node.status, StatusOf(node, Nothing(), {{.cache = "c", .pod_namespace = "n"}}, kLater)));
  CacheNode next = node;
  next.metadata.generation = 8;
  EXPECT_TRUE(WorthWriting(node.status, StatusOf(next, Nothing(), {}, kLater)));
  EXPECT_FALSE(WorthWriting(node.status, StatusOf(node, Nothing(), {}, kLater)));
}

}  // namespace
}  // namespace ballast
