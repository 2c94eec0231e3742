#include "daemon/metrics.h"

#include <prometheus/counter.h>
#include <prometheus/gauge.h>
#include <prometheus/histogram.h>
#include <prometheus/registry.h>
#include <prometheus/text_serializer.h>

namespace ballast {

using prometheus::BuildCounter;
using prometheus::BuildGauge;
using prometheus::BuildHistogram;
using prometheus::Counter;
using prometheus::Family;
using prometheus::Gauge;
using prometheus::Histogram;
using prometheus::Registry;

struct DaemonMetrics::Impl {
  Family<Counter>& Counters(const char* name, const char* help) {
    return BuildCounter().Name(name).Help(help).Register(registry);
  }
  Gauge& OneGauge(const char* name, const char* help) {
    return BuildGauge().Name(name).Help(help).Register(registry).Add({});
  }

  Registry registry;
  Counter& origin_bytes = Counters("ballast_origin_bytes_total", "Bytes received from origins.").Add({});
  Counter& stale =
      Counters("ballast_stale_answers_total", "Requests served from this node because the origin did not answer.")
          .Add({});
  Family<Counter>& downloads = Counters("ballast_downloads_total", "Download attempts that ended, by status code.");
  Family<Counter>& prepares = Counters("ballast_prepares_total", "Prepare calls that ended, by status code.");
  Histogram& prepare_seconds =
      BuildHistogram()
          .Name("ballast_prepare_seconds")
          .Help("Time from a Prepare call to its end.")
          .Register(registry)
          .Add({}, Histogram::BucketBoundaries{0.001, 0.005, 0.025, 0.1, 0.5, 2, 10, 30, 60, 120, 300, 1200, 3600});
  Family<Gauge>& models = BuildGauge().Name("ballast_models").Help("Models on this node, by phase.").Register(registry);
  Gauge& used = OneGauge("ballast_cache_used_bytes", "Disk blocks that the cache holds.");
  Gauge& reserved = OneGauge("ballast_cache_reserved_bytes", "Bytes that downloads in progress will still write.");
  Gauge& quota = OneGauge("ballast_cache_quota_bytes", "What the cache may hold; 0 = no quota.");
  Gauge& disk_free = OneGauge("ballast_disk_free_bytes", "Free bytes of the cache's file system.");
  Gauge& disk_total = OneGauge("ballast_disk_total_bytes", "Size of the cache's file system.");
  Gauge& blobs = OneGauge("ballast_blobs", "Files in the cache, each with its own digest.");
  Gauge& leases = OneGauge("ballast_leases", "Volumes that use a model of this node.");
  Gauge& manifest_errors = OneGauge(
      "ballast_manifest_errors", "Manifest files that can't be used; each file's last good version stays in effect.");
};

DaemonMetrics::DaemonMetrics(const std::string& version) : impl_(std::make_unique<Impl>()) {
  BuildGauge()
      .Name("ballast_build_info")
      .Help("Always 1.")
      .Register(impl_->registry)
      .Add({{"version", version}})
      .Set(1);
}

DaemonMetrics::~DaemonMetrics() = default;

Registry& DaemonMetrics::registry() { return impl_->registry; }

void DaemonMetrics::CountOriginBytes(uint64_t bytes) { impl_->origin_bytes.Increment(static_cast<double>(bytes)); }
void DaemonMetrics::CountStale() { impl_->stale.Increment(); }

void DaemonMetrics::CountDownload(const Status& end) {
  impl_->downloads.Add({{"code", std::string(StatusCodeName(end.code()))}}).Increment();
}

void DaemonMetrics::CountPrepare(const Status& end, double seconds) {
  impl_->prepares.Add({{"code", std::string(StatusCodeName(end.code()))}}).Increment();
  impl_->prepare_seconds.Observe(seconds);
}

std::string DaemonMetrics::Render(const Gauges& now) {
  for (const char* phase : {"ready", "downloading", "waiting", "failed"}) {
    const auto found = now.models.find(phase);
    impl_->models.Add({{"phase", phase}}).Set(found == now.models.end() ? 0 : found->second);
  }
  impl_->used.Set(static_cast<double>(now.used_bytes));
  impl_->reserved.Set(static_cast<double>(now.reserved_bytes));
  impl_->quota.Set(static_cast<double>(now.quota_bytes));
  impl_->disk_free.Set(static_cast<double>(now.disk_free_bytes));
  impl_->disk_total.Set(static_cast<double>(now.disk_total_bytes));
  impl_->blobs.Set(now.blobs);
  impl_->leases.Set(now.leases);
  impl_->manifest_errors.Set(now.manifest_errors);
  return prometheus::TextSerializer().Serialize(impl_->registry.Collect());
}

}  // namespace ballast
