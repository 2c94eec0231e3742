// ballast-operator-bench: how long, and with how much CPU and memory, the operator brings a change of a cache to all
// CacheNodes of a large cluster, the apiserver being next to nothing.
//
//   ballast-operator-bench --nodes 5000 --caches 20
#include <malloc.h>
#include <prometheus/registry.h>
#include <sys/resource.h>

#include <CLI/CLI.hpp>
#include <fstream>
#include <iostream>
#include <thread>

#include "base/run_main.h"
#include "base/strings.h"
#include "operator/cache_task.h"
#include "operator/caches/cache_name.h"
#include "operator/testing/bench_cluster.h"
#include "operator/testing/cluster.h"

namespace ballast::controller {
namespace {

using std::chrono::milliseconds;

constexpr uint64_t kGiB = uint64_t{1} << 30;

double CpuSeconds() {
  rusage usage{};
  ::getrusage(RUSAGE_SELF, &usage);
  const auto seconds = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
  };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

uint64_t RssBytes(const std::string& field) {
  std::ifstream status("/proc/self/status");
  std::string line;
  while (std::getline(status, line)) {
    uint64_t kib = 0;
    if (!line.starts_with(field)) continue;
    const auto parts = Split(Trim(std::string_view(line).substr(field.size())), ' ');
    ParseUint64(parts.front(), kib);
    return kib * 1024;
  }
  return 0;
}

// CPU of the process without what the cluster took for itself.
struct Stage {
  explicit Stage(const BenchCluster& the_cluster) : cluster(the_cluster) {}

  const BenchCluster& cluster;
  SteadyTime begin = std::chrono::steady_clock::now();
  double cpu = CpuSeconds() - cluster.cpu_seconds();

  void Print(const std::string& name) const {
    const auto wall = std::chrono::duration_cast<milliseconds>(std::chrono::steady_clock::now() - begin);
    std::cout << name << ": " << static_cast<double>(wall.count()) / 1000 << " s, "
              << CpuSeconds() - cluster.cpu_seconds() - cpu << " CPU-s, RSS " << FormatBytes(RssBytes("VmRSS:"))
              << ", at most " << FormatBytes(RssBytes("VmHWM:")) << "\n";
  }
};

std::string NodeName(int i) { return StrCat("node-", 100000 + i); }

ModelCache MakeBenchCache(int i) {
  ModelCache cache = MakeCache(StrCat("model-", i));
  cache.metadata.creation_timestamp = Timestamp(std::chrono::seconds(1'700'000'000 + i));
  cache.spec.source.uri = *ModelRef::Parse(StrCat("hf://organisation/model-of-some-length-", i));
  return cache;
}

void Fill(BenchCluster& cluster, int nodes, int caches) {
  std::vector<std::string> names;
  for (int i = 0; i < nodes; ++i) {
    names.push_back(NodeName(i));
    cluster.Put(kNodes,
                MakeNode({.name = names.back(), .labels = {{"topology.kubernetes.io/zone", StrCat("z", i % 3)}}}));
  }
  for (size_t i = 0; i < names.size(); i += 100) {
    const auto end = names.begin() + static_cast<int64_t>(std::min(names.size(), i + 100));
    cluster.Put(kEndpointSlices, MakeAgentSlice(StrCat("agents-", i), {names.begin() + static_cast<int64_t>(i), end}));
  }
  for (int i = 0; i < caches; ++i) cluster.Put(kClusterModelCaches, MakeCacheObject(MakeBenchCache(i)));
}

ResolvedRevision RevisionOf(const ResolveRequest& request) {
  const std::string commit = Digest::Of(request.ref.ToString()).Hex().substr(0, 40);
  return {commit, Digest::Of(commit).ToString(), 16 * kGiB, 9};
}

// The agents of all nodes say that everything is there.
void ReportReady(BenchCluster& cluster, int nodes) {
  for (int i = 0; i < nodes; ++i) {
    const Json object = *cluster.Get(kCacheNodes, {"", NodeName(i)}, {});
    CacheNode node = *CacheNodeFromJson(object);
    node.status.caches.clear();
    for (const CacheEntry& entry : node.spec.caches) {
      node.status.caches.push_back({.cache = entry.cache,
                                    .manifest = entry.manifest,
                                    .phase = CachePhase::kReady,
                                    .bytes = 16 * kGiB,
                                    .since = Timestamp(std::chrono::seconds(1'700'000'000))});
    }
    (void)cluster.Patch(kCacheNodes, {"", NodeName(i)}, {{"status", ToJson(node)["status"]}}, Subresource::kStatus, {});
  }
}

// Looking costs as well: only once so much was written that it may be there.
void AwaitCount(const BenchCluster& cluster, uint64_t writes, const std::string& text, size_t count) {
  while (cluster.writes() < writes || cluster.CountWith(kCacheNodes, text) < count) {
    std::this_thread::sleep_for(milliseconds(20));
  }
}

void AwaitReady(const BenchCluster& cluster, int caches, int nodes) {
  const std::string ready = StrCat("\"ready\":\"", nodes, "/", nodes, "\"");
  while (cluster.CountWith(kClusterModelCaches, ready) < static_cast<size_t>(caches)) {
    std::this_thread::sleep_for(milliseconds(20));
  }
}

int Run(int nodes, int caches) {
  BenchCluster cluster;
  Fill(cluster, nodes, caches);
  const RealClock clock;
  prometheus::Registry registry;
  EventRecorder events(cluster, clock, {.controller = "ballast.dev/operator", .instance = "bench"});
  const OperatorConfig config;
  std::cout << nodes << " nodes, " << caches << " caches; the cluster before the operator: RSS "
            << FormatBytes(RssBytes("VmRSS:")) << "\n";
  const Stage list(cluster);
  ClusterView view(cluster, {});
  view.Start();
  view.AwaitSync({});
  list.Print("listed");
  const uint64_t filled = cluster.writes();
  const Stage first(cluster);
  CacheTask task(
      {cluster, view, clock, events, registry, config, "ballast-system"},
      [](const auto& request, const auto&, const auto&) { return Result<ResolvedRevision>(RevisionOf(request)); });
  std::jthread leader([&](const std::stop_token& stop) { task.Run(stop); });
  const auto all = static_cast<size_t>(nodes);
  for (int i = 0; i < caches; ++i) AwaitCount(cluster, filled + all, StrCat("-length-", i, "@"), all);
  first.Print("all caches on all CacheNodes");
  const Stage warm(cluster);
  ReportReady(cluster, nodes);
  AwaitReady(cluster, caches, nodes);
  warm.Print("every agent reported, every status written");
  const uint64_t before = cluster.writes();
  const Stage change(cluster);
  (void)cluster.Patch(kClusterModelCaches, {"", "model-0"},
                      {{"metadata", {{"generation", 2}}}, {"spec", {{"priority", 77}}}}, Subresource::kNone, {});
  AwaitCount(cluster, before + all, "\"priority\":77", all);
  change.Print("one spec change on all CacheNodes");
  std::cout << "writes for it: " << cluster.writes() - before << "; objects as text: " << FormatBytes(cluster.bytes())
            << " of this process\n";
  return 0;
}

int Main(int argc, char** argv) {
  CLI::App app("What the operator costs on a large cluster.", "ballast-operator-bench");
  int nodes = 5000;
  int caches = 20;
  app.add_option("--nodes", nodes)->capture_default_str();
  app.add_option("--caches", caches)->capture_default_str();
  CLI11_PARSE(app, argc, argv);
  mallopt(M_ARENA_MAX, 2);  // as in main.cc
  return Run(nodes, caches);
}

}  // namespace
}  // namespace ballast::controller

int main(int argc, char** argv) { return ballast::RunMain(ballast::controller::Main, argc, argv); }
