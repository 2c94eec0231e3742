#include "daemon/metrics.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/strings.h"

namespace ballast {
namespace {

using ::testing::HasSubstr;

TEST(DaemonMetricsTest, RendersWhatWasCountedAndTheGaugesOfNow) {
  DaemonMetrics metrics("1.2.3");
  metrics.CountBytes(SourceKind::kOrigin, 1000);
  metrics.CountBytes(SourceKind::kOrigin, 24);
  metrics.CountDownload(Unavailable("hub down"));
  metrics.CountPrepare(OkStatus(), 0.003);
  const std::string text = metrics.Render({.models = {{"ready", 2}}, .quota_bytes = 4096, .leases = 3});
  EXPECT_THAT(text, HasSubstr("ballast_origin_bytes_total 1024\n"));
  EXPECT_THAT(text, HasSubstr("ballast_downloads_total{code=\"UNAVAILABLE\"} 1\n"));
  EXPECT_THAT(text, HasSubstr("ballast_prepare_seconds_bucket{le=\"0.005\"} 1\n"));
  EXPECT_THAT(text, HasSubstr("ballast_models{phase=\"ready\"} 2\n"));
  EXPECT_THAT(text, HasSubstr("ballast_models{phase=\"failed\"} 0\n"));
  EXPECT_THAT(text, HasSubstr("ballast_cache_quota_bytes 4096\n"));
  EXPECT_THAT(text, HasSubstr("ballast_build_info{version=\"1.2.3\"} 1\n"));
}

TEST(DaemonMetricsTest, BytesAreCountedByWhereTheyCameFrom) {
  DaemonMetrics metrics("1");
  metrics.CountBytes(SourceKind::kOrigin, 1);
  metrics.CountBytes(SourceKind::kSameZone, 2);
  metrics.CountBytes(SourceKind::kOtherZone, 3);
  metrics.CountReady("hf://org/a@main", 4, 1);
  metrics.CountHedge();
  metrics.CountWithdrawn(5);
  metrics.CountFailedPieces(FailureReason::kCorrupt, 6);
  metrics.CountDistrusted();
  const std::string text = metrics.Render({.in_flight = {{SourceKind::kSameZone, 7}}});
  EXPECT_THAT(text, HasSubstr("ballast_swarm_bytes_total{source=\"origin\"} 1\n"));
  EXPECT_THAT(text, HasSubstr("ballast_swarm_bytes_total{source=\"peer_same_zone\"} 2\n"));
  EXPECT_THAT(text, HasSubstr("ballast_swarm_bytes_total{source=\"peer_other_zone\"} 3\n"));
  EXPECT_THAT(text, HasSubstr("ballast_swarm_bytes_total{source=\"local\"} 4\n"));
  EXPECT_THAT(text, HasSubstr("ballast_swarm_origin_bytes_total{model=\"hf://org/a@main\"} 1\n"));
  EXPECT_THAT(text, HasSubstr("ballast_swarm_hedges_total 1\n"));
  EXPECT_THAT(text, HasSubstr("ballast_swarm_withdrawn_pieces_total 5\n"));
  EXPECT_THAT(text, HasSubstr("ballast_swarm_failed_pieces_total{reason=\"corrupt\"} 6\n"));
  EXPECT_THAT(text, HasSubstr("ballast_swarm_distrusted_nodes_total 1\n"));
  EXPECT_THAT(text, HasSubstr("ballast_swarm_in_flight{source=\"peer_same_zone\"} 7\n"));
  EXPECT_THAT(text, HasSubstr("ballast_swarm_in_flight{source=\"origin\"} 0\n"));
}

// Else an alert on what increases is deaf to the first time.
TEST(DaemonMetricsTest, CountersThatAlertsWatchAreThereBeforeTheyCount) {
  const std::string text = DaemonMetrics("1").Render({});
  for (const char* source : {"origin", "peer_same_zone", "peer_other_zone", "local"})
    EXPECT_THAT(text, HasSubstr(StrCat("ballast_swarm_bytes_total{source=\"", source, "\"} 0\n")));
  for (const char* reason : {"unreachable", "slow", "busy", "missing", "corrupt", "origin", "cancelled"})
    EXPECT_THAT(text, HasSubstr(StrCat("ballast_swarm_failed_pieces_total{reason=\"", reason, "\"} 0\n")));
  for (const char* code : {"OK", "UNAVAILABLE", "DEADLINE_EXCEEDED", "RESOURCE_EXHAUSTED"}) {
    EXPECT_THAT(text, HasSubstr(StrCat("ballast_prepares_total{code=\"", code, "\"} 0\n")));
    EXPECT_THAT(text, HasSubstr(StrCat("ballast_downloads_total{code=\"", code, "\"} 0\n")));
  }
}

TEST(DaemonMetricsTest, EvictionsAndScrubbingGoOnFromWhatTheyWere) {
  DaemonMetrics metrics("1");
  metrics.Render({.disk = {.evictions = {{"expired", 1}}, .freed_bytes = {{"expired", 100}}, .scrubbed_blobs = 2}});
  const std::string text = metrics.Render({.disk = {.evictions = {{"expired", 3}},
                                                    .freed_bytes = {{"expired", 300}},
                                                    .protected_bytes = 7,
                                                    .scrubbed_blobs = 5,
                                                    .scrubbed_bytes = 50,
                                                    .damaged_blobs = 1,
                                                    .scrub_passes = 4}});
  EXPECT_THAT(text, HasSubstr("ballast_evictions_total{reason=\"expired\"} 3\n"));
  EXPECT_THAT(text, HasSubstr("ballast_evicted_bytes_total{reason=\"expired\"} 300\n"));
  EXPECT_THAT(text, HasSubstr("ballast_cache_protected_bytes 7\n"));
  EXPECT_THAT(text, HasSubstr("ballast_scrubbed_blobs_total 5\n"));
  EXPECT_THAT(text, HasSubstr("ballast_scrubbed_bytes_total 50\n"));
  EXPECT_THAT(text, HasSubstr("ballast_damaged_blobs_total 1\n"));
  EXPECT_THAT(text, HasSubstr("ballast_scrub_passes_total 4\n"));
}

TEST(DaemonMetricsTest, TheSwarmIsShownWhereThereIsOne) {
  DaemonMetrics metrics("1");
  EXPECT_THAT(metrics.Render({}), ::testing::Not(HasSubstr("ballast_swarm_members")));
  const auto render = [&](const SwarmGauges& swarm) { return metrics.Render({.swarm = swarm}); };
  EXPECT_THAT(
      render({.active = true,
              .members = 3,
              .uploads = 2,
              .uploaded_bytes = 10,
              .quarantined_nodes = 1,
              .failed_handshakes = 4,
              .dropped_connections = 5}),
      ::testing::AllOf(HasSubstr("ballast_swarm_active 1\n"), HasSubstr("ballast_swarm_members 3\n"),
                       HasSubstr("ballast_swarm_uploads 2\n"), HasSubstr("ballast_swarm_uploaded_bytes_total 10\n"),
                       HasSubstr("ballast_swarm_quarantined_nodes_total 1\n"),
                       HasSubstr("ballast_swarm_failed_handshakes_total 4\n"),
                       HasSubstr("ballast_swarm_dropped_connections_total 5\n")));
  EXPECT_THAT(
      render({.members = 1,
              .uploaded_bytes = 15,
              .quarantined_nodes = 3,
              .failed_handshakes = 4,
              .dropped_connections = 5}),
      ::testing::AllOf(HasSubstr("ballast_swarm_active 0\n"), HasSubstr("ballast_swarm_uploaded_bytes_total 15\n"),
                       HasSubstr("ballast_swarm_quarantined_nodes_total 3\n")));
}

TEST(DaemonMetricsTest, APhaseThatNoModelIsInAnyMoreGoesBackToZero) {
  DaemonMetrics metrics("1");
  EXPECT_THAT(metrics.Render({.models = {{"waiting", 4}}}), HasSubstr("ballast_models{phase=\"waiting\"} 4\n"));
  EXPECT_THAT(metrics.Render({}), HasSubstr("ballast_models{phase=\"waiting\"} 0\n"));
}

}  // namespace
}  // namespace ballast
