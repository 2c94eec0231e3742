#include "daemon/cluster/node_status.h"

#include <gtest/gtest.h>

#include "api/policy_rules.h"
#include "store/room.h"

namespace ballast {
namespace {

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

TEST(NodeStatusTest, APrewarmIsOneWriteAndOneMoreIfItLasts) {
  NodeFindings found = Nothing();
  CacheNode node = Node();
  node.spec.caches.clear();
  node.status = StatusOf(node, found, {}, kNow);
  node.spec.caches = Node().spec.caches;
  ++*node.metadata.generation;
  int writes = 0;
  bool lasts = false;
  const auto step = [&](Timestamp now) {
    const CacheNodeStatus next = StatusOf(node, found, {}, now);
    const Worth worth = WorthOf(node.status, next);
    if (worth == Worth::kNothing || (worth == Worth::kLater && !lasts)) return;
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
  EXPECT_EQ(writes, 0);
  lasts = true;
  step(kLater);
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
  const CacheNodeStatus status = StatusOf(Node(), found, {}, kNow);
  const auto reason = [&](ConditionType type) { return FindCondition(status.conditions, type)->reason; };
  EXPECT_EQ(reason(ConditionType::kReady), "Serving");
  EXPECT_EQ(reason(ConditionType::kCertificateReady), "NoCertificate");
  EXPECT_EQ(reason(ConditionType::kSharesNodeFilesystem), "SharedFilesystem");
  EXPECT_EQ(reason(ConditionType::kQuotaExceeded), "NodeQuotaExceeded");
}

TEST(NodeStatusTest, ThresholdsThatDoNotHoldOnASharedDiskAreNamed) {
  NodeFindings found = Nothing();
  CacheNode node = Node();
  node.spec.policy.high_threshold_percent = kSharedThreshold + 1;
  const auto reason = [&] {
    return FindCondition(StatusOf(node, found, {}, kNow).conditions, ConditionType::kSharesNodeFilesystem)->reason;
  };
  EXPECT_EQ(reason(), "OwnFilesystem");
  found.shares_node_filesystem = true;
  EXPECT_EQ(reason(), "ThresholdsTooHigh");
  node.spec.policy.high_threshold_percent = kSharedThreshold;
  EXPECT_EQ(reason(), "SharedFilesystem");
}

TEST(NodeStatusTest, AQuestionAndANewGenerationAreWorthAWrite) {
  const CacheNode node = After(Node(), Nothing(), kNow);
  EXPECT_EQ(WorthOf(node.status, StatusOf(node, Nothing(), {{.cache = "c", .pod_namespace = "n"}}, kLater)),
            Worth::kNow);
  CacheNode next = node;
  next.metadata.generation = 8;
  EXPECT_EQ(WorthOf(node.status, StatusOf(next, Nothing(), {}, kLater)), Worth::kLater);
  EXPECT_EQ(WorthOf(node.status, StatusOf(node, Nothing(), {}, kLater)), Worth::kNothing);
}

}  // namespace
}  // namespace ballast
