#include "daemon/metrics.h"

#include <prometheus/counter.h>
#include <prometheus/gauge.h>
#include <prometheus/histogram.h>
#include <prometheus/registry.h>
#include <prometheus/text_serializer.h>

#include <array>

namespace ballast {

using prometheus::BuildCounter;
using prometheus::BuildGauge;
using prometheus::BuildHistogram;
using prometheus::Counter;
using prometheus::Family;
using prometheus::Gauge;
using prometheus::Histogram;
using prometheus::Registry;

namespace {

constexpr std::array kSourceKinds{SourceKind::kOrigin, SourceKind::kSameZone, SourceKind::kOtherZone};

std::string NameOf(SourceKind kind) {
  return kind == SourceKind::kOrigin ? "origin" : kind == SourceKind::kSameZone ? "peer_same_zone" : "peer_other_zone";
}

std::string NameOf(FailureReason reason) {
  switch (reason) {
    case FailureReason::kUnreachable:
      return "unreachable";
    case FailureReason::kSlow:
      return "slow";
    case FailureReason::kBusy:
      return "busy";
    case FailureReason::kMissing:
      return "missing";
    case FailureReason::kCorrupt:
      return "corrupt";
    case FailureReason::kOrigin:
      return "origin";
    case FailureReason::kCancelled:
      return "cancelled";
  }
  return "";
}

constexpr const char* kLocal = "local";  // beside the kinds of sources: it was here before

// A rate or an increase sees the first event only in a counter that was there at 0 before it.
void StartSources(Family<Counter>& bytes) {
  bytes.Add({{"source", kLocal}});
  for (const SourceKind kind : kSourceKinds) bytes.Add({{"source", NameOf(kind)}});
}

void StartReasons(Family<Counter>& failed) {
  for (const FailureReason reason :
       {FailureReason::kUnreachable, FailureReason::kSlow, FailureReason::kBusy, FailureReason::kMissing,
        FailureReason::kCorrupt, FailureReason::kOrigin, FailureReason::kCancelled})
    failed.Add({{"reason", NameOf(reason)}});
}

// How attempts end well, and how they end while something is waited for; other ends come up with their first.
void StartCodes(Family<Counter>& ends) {
  for (const StatusCode code :
       {StatusCode::kOk, StatusCode::kUnavailable, StatusCode::kDeadlineExceeded, StatusCode::kResourceExhausted})
    ends.Add({{"code", std::string(StatusCodeName(code))}});
}

// Counters that are counted elsewhere: they go on from what they were.
void GoOn(Counter& counter, uint64_t value) { counter.Increment(static_cast<double>(value) - counter.Value()); }

}  // namespace

struct DiskMetrics {
  explicit DiskMetrics(Registry& registry) : registry_(registry) {}
  Family<Counter>& Counters(const char* name, const char* help) {
    return BuildCounter().Name(name).Help(help).Register(registry_);
  }
  void Set(const DiskGauges& now) {
    for (const auto& [reason, count] : now.evictions) GoOn(evictions.Add({{"reason", reason}}), count);
    for (const auto& [reason, bytes] : now.freed_bytes) GoOn(freed.Add({{"reason", reason}}), bytes);
    held.Set(static_cast<double>(now.protected_bytes));
    GoOn(blobs, now.scrubbed_blobs);
    GoOn(bytes, now.scrubbed_bytes);
    GoOn(damaged, now.damaged_blobs);
    GoOn(passes, now.scrub_passes);
    GoOn(dropped, now.dropped_bytes);
  }

  Registry& registry_;
  Family<Counter>& evictions =
      Counters("ballast_evictions_total", "What was evicted, by reason: models, and leftovers of downloads.");
  Family<Counter>& freed = Counters("ballast_evicted_bytes_total", "Disk blocks that evictions freed, by reason.");
  Gauge& held = BuildGauge()
                    .Name("ballast_cache_protected_bytes")
                    .Help("Disk blocks of what may not be evicted: mounted, wanted by a cache, or being downloaded.")
                    .Register(registry_)
                    .Add({});
  Counter& blobs = Counters("ballast_scrubbed_blobs_total", "Files of the cache that were read again.").Add({});
  Counter& bytes = Counters("ballast_scrubbed_bytes_total", "Bytes of them.").Add({});
  Counter& damaged =
      Counters("ballast_damaged_blobs_total", "Files of the cache that were found damaged or missing.").Add({});
  Counter& passes = Counters("ballast_scrub_passes_total", "How often all of the cache was read again.").Add({});
  Counter& dropped =
      Counters("ballast_page_cache_dropped_bytes_total", "Bytes of unused models that were dropped from memory.")
          .Add({});
};

// Registered when a swarm is there to be counted.
struct SwarmMetrics {
  explicit SwarmMetrics(Registry& registry) : registry_(registry) {}
  Gauge& One(const char* name, const char* help) {
    return BuildGauge().Name(name).Help(help).Register(registry_).Add({});
  }
  void Set(const SwarmGauges& now) {
    active.Set(now.active ? 1 : 0);
    expiry.Set(static_cast<double>(now.certificate_expiry_unix));
    members.Set(now.members);
    uploads.Set(now.uploads);
    GoOn(uploaded, now.uploaded_bytes);
    GoOn(quarantined, now.quarantined_nodes);
    GoOn(failed_handshakes, now.failed_handshakes);
    GoOn(dropped_connections, now.dropped_connections);
  }

  Counter& OneCounter(const char* name, const char* help) {
    return BuildCounter().Name(name).Help(help).Register(registry_).Add({});
  }

  Registry& registry_;
  Gauge& active = One("ballast_swarm_active", "1: this node gives to others and takes from them; 0: it can't now.");
  Gauge& expiry = One("ballast_swarm_certificate_expiry_timestamp_seconds",
                      "When the certificate that this node shows to the others ends, in Unix time; 0: it has none.");
  Gauge& members = One("ballast_swarm_members", "Nodes of the swarm that this node knows, itself among them.");
  Gauge& uploads = One("ballast_swarm_uploads", "Pieces that this node is sending.");
  Counter& uploaded = OneCounter("ballast_swarm_uploaded_bytes_total", "Bytes that this node sent to others.");
  Counter& quarantined =
      OneCounter("ballast_swarm_quarantined_nodes_total",
                 "Nodes that sent or attested wrong bytes of a model that this node coordinates; once for each model.");
  Counter& failed_handshakes =
      OneCounter("ballast_swarm_failed_handshakes_total", "Connections for pieces that TLS refused, on either side.");
  Counter& dropped_connections =
      OneCounter("ballast_swarm_dropped_connections_total",
                 "Connections for pieces that were closed for want of room, or because their time was over.");
};

struct DaemonMetrics::Impl {
  Family<Counter>& Counters(const char* name, const char* help) {
    return BuildCounter().Name(name).Help(help).Register(registry);
  }
  SwarmMetrics& Swarm() {
    if (!swarm) swarm.emplace(registry);
    return *swarm;
  }
  Gauge& OneGauge(const char* name, const char* help) {
    return BuildGauge().Name(name).Help(help).Register(registry).Add({});
  }

  Registry registry;
  DiskMetrics disk{registry};
  std::optional<SwarmMetrics> swarm;
  Counter& origin_bytes = Counters("ballast_origin_bytes_total", "Bytes received from origins.").Add({});
  Family<Counter>& bytes = Counters(
      "ballast_swarm_bytes_total", "Bytes of models by where they came from: the origin, other nodes, or here before.");
  Family<Counter>& egress = Counters("ballast_swarm_origin_bytes_total",
                                     "Bytes of models that became ready which this node took out of their origin.");
  Counter& hedges =
      Counters("ballast_swarm_hedges_total", "Pieces that were late and asked for from another node, too.").Add({});
  Counter& withdrawn = Counters("ballast_swarm_withdrawn_pieces_total",
                                "Pieces dropped because the node that attested them was found to be bad.")
                           .Add({});
  Family<Counter>& failed =
      Counters("ballast_swarm_failed_pieces_total", "Pieces that did not come as given, by reason.");
  Counter& distrusted = Counters("ballast_swarm_distrusted_nodes_total",
                                 "Nodes that sent this node other bytes than it asked for; once for each download.")
                            .Add({});
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
  Family<Gauge>& in_flight = BuildGauge()
                                 .Name("ballast_swarm_in_flight")
                                 .Help("Requests for bytes of models that wait for them, by whom they were sent to.")
                                 .Register(registry);
  Gauge& manifest_errors =
      OneGauge("ballast_manifest_errors",
               "Problems of the manifests folder; a file that is wrong keeps its last good version in effect.");
};

DaemonMetrics::DaemonMetrics(const std::string& version) : impl_(std::make_unique<Impl>()) {
  BuildGauge()
      .Name("ballast_build_info")
      .Help("Always 1.")
      .Register(impl_->registry)
      .Add({{"version", version}})
      .Set(1);
  StartSources(impl_->bytes);
  StartReasons(impl_->failed);
  StartCodes(impl_->downloads);
  StartCodes(impl_->prepares);
}

DaemonMetrics::~DaemonMetrics() = default;

Registry& DaemonMetrics::registry() { return impl_->registry; }

void DaemonMetrics::CountBytes(SourceKind from, uint64_t bytes) {
  if (from == SourceKind::kOrigin) impl_->origin_bytes.Increment(static_cast<double>(bytes));
  impl_->bytes.Add({{"source", NameOf(from)}}).Increment(static_cast<double>(bytes));
}

void DaemonMetrics::CountReady(const std::string& model, uint64_t local_bytes, uint64_t origin_bytes) {
  impl_->bytes.Add({{"source", kLocal}}).Increment(static_cast<double>(local_bytes));
  impl_->egress.Add({{"model", model}}).Increment(static_cast<double>(origin_bytes));
}

void DaemonMetrics::CountHedge() { impl_->hedges.Increment(); }
void DaemonMetrics::CountWithdrawn(uint64_t pieces) { impl_->withdrawn.Increment(static_cast<double>(pieces)); }

void DaemonMetrics::CountFailedPieces(FailureReason reason, uint64_t pieces) {
  impl_->failed.Add({{"reason", NameOf(reason)}}).Increment(static_cast<double>(pieces));
}

void DaemonMetrics::CountDistrusted() { impl_->distrusted.Increment(); }

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
  for (const SourceKind kind : kSourceKinds) {
    const auto found = now.in_flight.find(kind);
    impl_->in_flight.Add({{"source", NameOf(kind)}}).Set(found == now.in_flight.end() ? 0 : found->second);
  }
  impl_->disk.Set(now.disk);
  if (now.swarm) impl_->Swarm().Set(*now.swarm);
  impl_->manifest_errors.Set(now.manifest_errors);
  return prometheus::TextSerializer().Serialize(impl_->registry.Collect());
}

}  // namespace ballast
