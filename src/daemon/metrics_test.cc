#include "daemon/metrics.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace ballast {
namespace {

using ::testing::HasSubstr;

TEST(DaemonMetricsTest, RendersWhatWasCountedAndTheGaugesOfNow) {
  DaemonMetrics metrics("1.2.3");
  metrics.CountOriginBytes(1000);
  metrics.CountOriginBytes(24);
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

TEST(DaemonMetricsTest, APhaseThatNoModelIsInAnyMoreGoesBackToZero) {
  DaemonMetrics metrics("1");
  EXPECT_THAT(metrics.Render({.models = {{"waiting", 4}}}), HasSubstr("ballast_models{phase=\"waiting\"} 4\n"));
  EXPECT_THAT(metrics.Render({}), HasSubstr("ballast_models{phase=\"waiting\"} 0\n"));
}

}  // namespace
}  // namespace ballast
