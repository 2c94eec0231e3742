// ballast-operator-bench: how long, and with how much CPU and memory, the operator brings a change of a cache to all
// CacheNodes of a large cluster; the apiserver is next to nothing, or a real one with our CRDs and no nodes.
//
//   ballast-operator-bench --nodes 5000 --caches 20
//   ballast-operator-bench --nodes 1000 --caches 20 --kubeconfig FILE
#include <malloc.h>
#include <prometheus/registry.h>
#include <sys/resource.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <atomic>
#include <fstream>
#include <iostream>
#include <memory>
#include <stdexcept>
#include <thread>

#include "base/run_main.h"
#include "base/strings.h"
#include "kube/kube_access.h"
#include "kube/rest_kube_client.h"
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

// What the operator is told to be in.
struct World {
  KubeClient& client;
  const BenchCluster* fake;  // null: a real apiserver

  // Of this process, without what the cluster in memory took for itself.
  double OperatorCpu() const { return CpuSeconds() - (fake == nullptr ? 0 : fake->cpu_seconds()); }
  uint64_t BytesOfFake() const { return fake == nullptr ? 0 : fake->held_bytes(); }
};

struct Stage {
  explicit Stage(const World& the_world) : world(the_world) {}

  const World& world;
  SteadyTime begin = std::chrono::steady_clock::now();
  double cpu = world.OperatorCpu();
  uint64_t fake = world.BytesOfFake();

  void Print(const std::string& name) const {
    const uint64_t most = RssBytes("VmHWM:");
    const auto wall = std::chrono::duration_cast<milliseconds>(std::chrono::steady_clock::now() - begin);
    std::cout << name << ": " << static_cast<double>(wall.count()) / 1000 << " s, " << world.OperatorCpu() - cpu
              << " CPU-s, memory at most " << FormatBytes(most - fake);
    if (fake > 0)
      std::cout << " (RSS " << FormatBytes(most) << ", of which the cluster in memory had " << FormatBytes(fake) << ")";
    std::cout << std::endl;
  }
};

std::string NodeName(int i) { return StrCat("node-", 100000 + i); }

ModelCache MakeBenchCache(int i) {
  ModelCache cache = MakeCache(StrCat("model-", i));
  cache.metadata.creation_timestamp = Timestamp(std::chrono::seconds(1'700'000'000 + i));
  cache.spec.source.uri = *ModelRef::Parse(StrCat("hf://organisation/model-of-some-length-", i));
  return cache;
}

void Create(KubeClient& client, const KubeResource& resource, const Json& object) {
  const Status created = client.Create(resource, object, {}).status();
  if (!created.ok()) throw std::runtime_error(StrCat(NameOf(object), ": ", created));
}

void Fill(KubeClient& client, int nodes, int caches) {
  constexpr int kInSlice = 100;
  std::vector<std::string> names;
  for (int i = 0; i < nodes; ++i) {
    const Labels labels = {{"topology.kubernetes.io/zone", StrCat("z", i % 3)}};
    names.push_back(NodeName(i));
    Create(client, kNodes, MakeNode({.name = names.back(), .labels = labels}));
    if (names.size() < kInSlice && i + 1 < nodes) continue;
    Create(client, kEndpointSlices, MakeAgentSlice(StrCat("agents-", i), std::exchange(names, {})));
  }
  for (int i = 0; i < caches; ++i) Create(client, kClusterModelCaches, MakeCacheObject(MakeBenchCache(i)));
}

ResolvedRevision RevisionOf(const ResolveRequest& request) {
  const std::string commit = Digest::Of(request.ref.ToString()).Hex().substr(0, 40);
  return {commit, Digest::Of(commit).ToString(), 16 * kGiB, 9};
}

// The agents of all nodes say that everything is there.
void ReportReady(KubeClient& client, int nodes) {
  for (int i = 0; i < nodes; ++i) {
    CacheNode node = *CacheNodeFromJson(*client.Get(kCacheNodes, {"", NodeName(i)}, {}));
    node.status.caches.clear();
    for (const CacheEntry& entry : node.spec.caches) {
      node.status.caches.push_back({.cache = entry.cache,
                                    .manifest = entry.manifest,
                                    .phase = CachePhase::kReady,
                                    .bytes = 16 * kGiB,
                                    .since = Timestamp(std::chrono::seconds(1'700'000'000))});
    }
    const Json status = {{"status", ToJson(node)["status"]}};
    (void)client.Patch(kCacheNodes, {"", NodeName(i)}, status, Subresource::kStatus, {});
  }
}

template <typename T, typename Holds>
void AwaitAll(const TypedStore<T>& store, size_t count, Holds holds) {
  const auto all = [&] {
    const auto objects = store.List();
    return objects.size() == count && std::ranges::all_of(objects, [&](const auto& one) { return holds(*one); });
  };
  while (!all()) std::this_thread::sleep_for(milliseconds(20));
}

// What the apiserver alone takes for as many writes, eight at a time.
void PrintBareWrites(const World& world, int nodes) {
  const Stage bare(world);
  std::atomic<int> next = 0;
  std::vector<std::jthread> writers;
  for (int i = 0; i < 8; ++i) {
    writers.emplace_back([&] {
      for (int at = next++; at < nodes; at = next++) {
        const Json label = {{"metadata", {{"labels", {{"bench", "bare"}}}}}};
        (void)world.client.Patch(kCacheNodes, {"", NodeName(at)}, label, Subresource::kNone, {});
      }
    });
  }
  writers.clear();
  bare.Print(StrCat(nodes, " bare writes"));
}

void Run(const World& world, int nodes, int caches) {
  const RealClock clock;
  prometheus::Registry registry;
  EventRecorder events(world.client, clock, {.controller = "ballast.dev/operator", .instance = "bench"});
  const OperatorConfig config;
  std::cout << nodes << " nodes, " << caches << " caches; before the operator: RSS " << FormatBytes(RssBytes("VmRSS:"))
            << std::endl;
  const Stage list(world);
  ClusterView view(world.client, {});
  view.Start();
  view.AwaitSync({});
  list.Print("listed");
  const Stage first(world);
  CacheTask task({world.client, view, clock, events, registry, config, "ballast-system"},
                 [](const RevisionQuestion& question, const auto&) {
                   return Result<ResolvedRevision>(RevisionOf(question.request));
                 });
  std::jthread leader([&](const std::stop_token& stop) { task.Run(stop); });
  const auto all = static_cast<size_t>(nodes);
  AwaitAll(view.cache_nodes(), all,
           [&](const CacheNode& node) { return node.spec.caches.size() == static_cast<size_t>(caches); });
  first.Print("all caches on all CacheNodes");
  const Stage warm(world);
  ReportReady(world.client, nodes);
  AwaitAll(view.caches(), static_cast<size_t>(caches),
           [&](const ModelCache& cache) { return cache.status.nodes.ready == nodes; });
  warm.Print("every agent reported, every status written");
  const Stage change(world);
  (void)world.client.Patch(kClusterModelCaches, {"", "model-0"}, {{"spec", {{"priority", 77}}}}, Subresource::kNone,
                           {});
  AwaitAll(view.cache_nodes(), all, [](const CacheNode& node) {
    return std::ranges::any_of(node.spec.caches, [](const CacheEntry& entry) { return entry.priority == 77; });
  });
  change.Print("one spec change on all CacheNodes");
  if (world.fake == nullptr) PrintBareWrites(world, nodes);
}

int Start(int nodes, int caches, const std::string& kubeconfig) {
  BenchCluster fake;
  std::unique_ptr<RestKubeClient> real;
  if (!kubeconfig.empty()) {
    const auto access = LoadKubeconfig(kubeconfig);
    if (!access.ok()) throw std::runtime_error(access.status().message());
    auto client = RestKubeClient::Create(*access);
    if (!client.ok()) throw std::runtime_error(client.status().message());
    real = *std::move(client);
  }
  const World world = real ? World{*real, nullptr} : World{fake, &fake};
  Fill(world.client, nodes, caches);
  Run(world, nodes, caches);
  return 0;
}

int Main(int argc, char** argv) {
  CLI::App app("What the operator costs on a large cluster.", "ballast-operator-bench");
  int nodes = 5000;
  int caches = 20;
  app.add_option("--nodes", nodes)->capture_default_str();
  app.add_option("--caches", caches)->capture_default_str();
  std::string kubeconfig;
  app.add_option("--kubeconfig", kubeconfig, "Of a real apiserver with our CRDs and no nodes")->type_name("FILE");
  CLI11_PARSE(app, argc, argv);
  mallopt(M_ARENA_MAX, 2);  // as in main.cc
  return Start(nodes, caches, kubeconfig);
}

}  // namespace
}  // namespace ballast::controller

int main(int argc, char** argv) { return ballast::RunMain(ballast::controller::Main, argc, argv); }
