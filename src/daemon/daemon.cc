#include "daemon/daemon.h"

#include <grpcpp/server.h>
#include <grpcpp/server_builder.h>
#include <grpcpp/server_posix.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <utility>

#include "base/gate.h"
#include "base/logging.h"
#include "base/strings.h"
#include "base/unix_listener.h"
#include "daemon/admission.h"
#include "daemon/cache_core.h"
#include "daemon/cache_service.h"
#include "daemon/cluster/cluster.h"
#include "daemon/cluster/node_entries.h"
#include "daemon/cluster/node_intents.h"
#include "daemon/cluster/node_look.h"
#include "daemon/cluster/node_progress.h"
#include "daemon/current_manifests.h"
#include "daemon/current_policy.h"
#include "daemon/disk_keeper.h"
#include "daemon/folder_admissions.h"
#include "daemon/folder_intents.h"
#include "daemon/folder_policy.h"
#include "daemon/grpc_link.h"
#include "daemon/manifest_folder.h"
#include "daemon/metered_source.h"
#include "daemon/model_resolver.h"
#include "daemon/policy_keeper.h"
#include "daemon/swarm_node.h"
#include "daemon/unix_socket.h"
#include "http/http_server.h"
#include "origin/origin_set.h"
#include "review/metrics_access.h"
#include "review/scraper_review.h"
#include "store/posix_file_system.h"

namespace ballast {
namespace {

// Calls that wait are told at once; this long a call that reads the disk may take to end.
constexpr std::chrono::seconds kStopPatience{5};
constexpr std::chrono::seconds kRescan{30};

std::string HostName() {
  std::array<char, 256> name{};
  return ::gethostname(name.data(), name.size() - 1) == 0 ? name.data() : "localhost";
}

NodeFacts FactsOf(const Daemon::Setup& setup, const Clock& clock) {
  const DaemonConfig& config = setup.config;
  const std::string node = config.node.empty() ? HostName() : config.node;
  return {.version = setup.version,
          .node = config.swarm ? SwarmNameOf(*config.swarm, node) : node,
          .volume_sources = config.volumes.sources,
          .started_unix = std::chrono::duration_cast<std::chrono::seconds>(clock.Now().time_since_epoch()).count(),
          .warm_percent = config.page_cache.warm_percent};
}

std::vector<WantedModel> WantedOf(const ManifestSet& set) {
  std::vector<WantedModel> wanted;
  for (const ModelCache& cache : set.caches) {
    if (KeepsWarm(cache) && !cache.spec.suspend) {
      const bool automatic = cache.spec.update_policy.type == UpdateType::kAutomatic;
      wanted.push_back({.cache = CacheName(cache), .request = RequestOf(cache), .automatic = automatic});
    }
  }
  return wanted;
}

RoomLimits ConfiguredRoom(const DaemonConfig& config) { return {config.cache.quota, config.cache.min_available}; }

TransferRates RatesOf(const DaemonConfig& config) {
  return {.download = config.limits.download_bytes_per_second,
          .origin = config.limits.origin_bytes_per_second,
          .prewarm = config.limits.prewarm_bytes_per_second};
}

Gauges GaugesOf(const CacheCore& core, const DiskKeeper& disk) {
  const NodeView node = core.View();
  const Usage usage = core.store.GetUsage();
  Gauges gauges{.used_bytes = usage.used_bytes,
                .reserved_bytes = usage.reserved_bytes,
                .quota_bytes = core.store.room_limits().quota_bytes,
                .disk_free_bytes = usage.disk_free_bytes,
                .disk_total_bytes = usage.disk_total_bytes,
                .blobs = usage.blobs,
                .leases = static_cast<uint32_t>(node.leases.size()),
                .manifest_errors = static_cast<uint32_t>(core.admissions.Problems().size())};
  for (const cache::v1::Model& model : ListModels(node)) ++gauges.models[model.phase()];
  for (const JobSnapshot& job : node.jobs) {
    if (job.ended()) continue;
    for (const TransferSource& source : job.progress.sources) gauges.in_flight[source.kind] += source.in_flight;
  }
  gauges.disk = disk.gauges();
  if (core.swarm != nullptr) gauges.swarm = core.swarm->GaugesNow();
  return gauges;
}

}  // namespace

// In the order of their start; destroyed the other way round.
struct Daemon::Parts {
  Parts(Setup given, const Clock& the_clock)
      : setup(std::move(given)), clock(the_clock), facts(FactsOf(setup, clock)), metrics(setup.version) {}

  ~Parts() {
    ready = false;
    if (disk) disk->Stop();
    folder.reset();
    asked.Close();
    if (cluster) cluster->Stop();
    if (swarm) swarm->Leave();
    if (manager) manager->Stop();
    listener.reset();
    if (server) server->Shutdown(std::chrono::system_clock::now() + kStopPatience);
  }

  Status MakeOrigins();
  Status OpenStore();
  Status JoinSwarm();
  void BuildCore();
  Status Serve();
  Status MakeCluster();
  AgentProgress ProgressForOperator();
  void Follow(const CacheNodeSpec& spec);
  void Obey(const NodePolicy& policy);
  NodeFindings Look(const CacheNodeSpec& spec) const;
  agent::v1::ProgressResponse Progress();
  Admissions& AdmissionsInUse();
  void FollowManifests();
  HttpAccess AccessToMetrics();
  Status ServeHttp();
  void BuildDisk();
  void KeepPolicy(const FolderIntents& by_folder);

  Setup setup;
  const Clock& clock;
  const NodeFacts facts;
  RealPace real_pace{clock};
  DaemonMetrics metrics;
  std::unique_ptr<OriginSet> origin_set;
  PosixFileSystem files;
  std::unique_ptr<Store> store;
  std::unique_ptr<Resolutions> resolutions;
  std::unique_ptr<EarlyMounts> early_mounts;
  std::unique_ptr<DomainBook> domains;  // null: not in Kubernetes
  std::unique_ptr<TransferLimits> limits;
  std::unique_ptr<TransferLimits> uploads;
  std::unique_ptr<Cluster> cluster;  // null: not in Kubernetes
  std::unique_ptr<ModelResolver> resolver;
  Gate asked;
  std::atomic<bool> built = false;
  std::unique_ptr<SwarmNode> swarm;
  std::unique_ptr<Downloader> downloader;
  std::unique_ptr<ModelManager> manager;
  CurrentManifests manifests;
  CurrentPolicy policy{ConfiguredPolicy(setup.config)};
  FolderAdmissions folder_admissions{manifests, policy, facts.volume_sources};
  std::unique_ptr<CacheCore> core;
  bool shares_node_filesystem = false;  // in Kubernetes: what the disk obeys and the CacheNode says is one thing
  std::unique_ptr<DiskIntents> intents;
  std::unique_ptr<DiskKeeper> disk;
  std::unique_ptr<PolicyKeeper> policies;  // null: in Kubernetes
  std::unique_ptr<CacheService> service;
  std::unique_ptr<grpc::Server> server;
  std::unique_ptr<UnixListener> listener;
  std::unique_ptr<ManifestFolder> folder;
  std::atomic<bool> ready = false;
  std::unique_ptr<HttpServer> http;
};

Status Daemon::Parts::MakeOrigins() {
  if (setup.origins) return OkStatus();
  ASSIGN_OR_RETURN(origin_set, OriginSet::Make(setup.config.origins, clock, &metrics.registry()));
  setup.origins = [this](const ModelRequest& request) {
    const bool open = request.domain.empty() || cluster == nullptr;
    return open ? origin_set->Select(request.ref, request.origin) : cluster->OriginOf(request);
  };
  return OkStatus();
}

Status Daemon::Parts::OpenStore() {
  const StoreOptions options{.root = setup.config.cache.dir,
                             .quota_bytes = setup.config.cache.quota,
                             .min_available = setup.config.cache.min_available};
  Result<std::unique_ptr<Store>> opened = Store::Open(options, files, clock);
  if (!opened.ok()) return opened.status().WithContext("cannot open the cache (cache.dir)");
  store = *std::move(opened);
  ASSIGN_OR_RETURN(resolutions, Resolutions::Open(setup.config.cache.dir + "/resolutions.json"));
  ASSIGN_OR_RETURN(early_mounts, EarlyMounts::Open(setup.config.cache.dir + "/early.json"));
  if (setup.config.kubernetes) {
    ASSIGN_OR_RETURN(domains, DomainBook::Open(setup.config.cache.dir + "/domains.json"));
  }
  return OkStatus();
}

Status Daemon::Parts::JoinSwarm() {
  Pace& pace = setup.pace == nullptr ? real_pace : *setup.pace;
  limits = std::make_unique<TransferLimits>(RatesOf(setup.config), pace);
  uploads =
      std::make_unique<TransferLimits>(TransferRates{.download = setup.config.limits.upload_bytes_per_second}, pace);
  resolver.reset(new ModelResolver({.store = *store,
                                    .resolutions = *resolutions,
                                    .origins = setup.origins,
                                    .metrics = metrics,
                                    .limits = *limits,
                                    .clock = clock,
                                    .domains = domains.get()}));
  RETURN_IF_ERROR(MakeCluster());
  if (!setup.config.swarm) return OkStatus();
  std::function<bool()> listed;
  if (cluster) listed = [this] { return cluster->Listed(); };
  ASSIGN_OR_RETURN(swarm, SwarmNode::Start({.config = *setup.config.swarm,
                                            .node = facts.node,
                                            .store = *store,
                                            .resolver = *resolver,
                                            .uploads = *uploads,
                                            .clock = clock,
                                            .link = MakeGrpcLink,
                                            .upkeep = setup.upkeep,
                                            .membership = cluster ? &cluster->membership() : nullptr,
                                            .listed = listed,
                                            .enter_within = cluster ? setup.enter_within : Duration::zero(),
                                            .progress = ProgressForOperator(),
                                            .domains = domains.get()}));
  return OkStatus();
}

void Daemon::Parts::BuildCore() {
  const Downloader::Options options{
      .streams = setup.config.fetch.streams,
      .domains = domains.get(),
      .make_room = [this](const ModelRequest& request, uint64_t bytes) { return disk->MakeRoom(request, bytes); }};
  downloader = std::make_unique<Downloader>(*store, *resolutions, setup.origins, metrics, *limits, resolver.get(),
                                            swarm.get(), clock, options);
  if (cluster) setup.jobs.phase_changed = [this] { cluster->Wake(); };
  manager = std::make_unique<ModelManager>(*store, *downloader, metrics, clock, setup.jobs);
  core.reset(new CacheCore{.facts = facts,
                           .store = *store,
                           .resolutions = *resolutions,
                           .early_mounts = *early_mounts,
                           .downloader = *downloader,
                           .manager = *manager,
                           .admissions = AdmissionsInUse(),
                           .metrics = metrics,
                           .clock = clock,
                           .swarm = swarm.get(),
                           .events = cluster ? &cluster->events() : nullptr});
  BuildDisk();
  built = true;
}

void Daemon::Parts::BuildDisk() {
  if (cluster) {
    shares_node_filesystem = SharesNodeFilesystem(store->root());
    intents =
        std::make_unique<NodeIntents>(setup.config, shares_node_filesystem, [this] { return cluster->Current(); });
  } else {
    auto by_folder = std::make_unique<FolderIntents>(policy, manifests, *resolutions);
    KeepPolicy(*by_folder);
    intents = std::move(by_folder);
  }
  disk.reset(new DiskKeeper({.store = *store,
                             .in_use = core->in_use,
                             .manager = *manager,
                             .resolutions = *resolutions,
                             .intents = *intents,
                             .clock = clock,
                             .swarm = swarm.get(),
                             .events = core->events,
                             .evicted =
                                 [this](const std::string& what) {
                                   if (cluster) cluster->Evicted(what);
                                 },
                             .look_every = setup.disk_look,
                             .each_look =
                                 [this] {
                                   if (policies) policies->Look();
                                 },
                             .scrub_file = setup.config.cache.dir + "/scrubbed",
                             .scrub_bytes_per_second = setup.config.eviction.scrub_bytes_per_second,
                             .drop_after = setup.config.page_cache.drop_after}));
  core->collector = &disk->collector();
  core->cooling = &disk->cooling();
}

void Daemon::Parts::KeepPolicy(const FolderIntents& by_folder) {
  policies.reset(new PolicyKeeper({.config = setup.config,
                                   .clock = clock,
                                   .current = policy,
                                   .file = setup.config.cache.dir + "/policy.json",
                                   .explain =
                                       [this, &by_folder](const NodePolicy& wanted) {
                                         return disk->collector().Explain([&](const std::vector<StoredModel>& models) {
                                           return by_folder.By(wanted, models);
                                         });
                                       },
                                   .used_bytes = [this] { return store->GetUsage().used_bytes; },
                                   .obey = [this](const NodePolicy& now) { Obey(now); }}));
}

Status Daemon::Parts::Serve() {
  const std::string& path = setup.config.socket.path;
  service = std::make_unique<CacheService>(*core);
  grpc::EnableDefaultHealthCheckService(false);
  grpc::ServerBuilder builder;
  builder.RegisterService(service.get());
  server = builder.BuildAndStart();
  if (server == nullptr) return Internal("cannot start gRPC");
  auto opened = UnixListener::Start(
      path, 0600, [this](UniqueFd connection) { grpc::AddInsecureChannelFromFd(server.get(), connection.Release()); });
  if (!opened.ok()) return opened.status().WithContext("socket.path");
  listener = *std::move(opened);
  return SetSocketAccess(path, setup.config.socket.mode, setup.config.socket.group);
}

Status Daemon::Parts::MakeCluster() {
  if (!setup.config.kubernetes) return OkStatus();
  BALLAST_CHECK(setup.kube != nullptr) << "a daemon in Kubernetes needs a client of it";
  ASSIGN_OR_RETURN(cluster, Cluster::Make({.config = setup.config,
                                           .kube = *setup.kube,
                                           .clock = clock,
                                           .operator_client = setup.operator_client,
                                           .registry = metrics.registry(),
                                           .upkeep = setup.upkeep,
                                           .follow = [this](const CacheNodeSpec& spec) { Follow(spec); },
                                           .look = [this](const CacheNodeSpec& spec) { return Look(spec); }}));
  return OkStatus();
}

NodeFindings Daemon::Parts::Look(const CacheNodeSpec& spec) const {
  NodeFindings found = LookAtNode(spec, {.version = facts.version,
                                         .store = *store,
                                         .downloader = *downloader,
                                         .manager = *manager,
                                         .shares_node_filesystem = shares_node_filesystem});
  found.disk_pressure = core->collector->disk_pressure();
  return found;
}

// Asked on the control port, which is open before the rest is there and after it has gone.
agent::v1::ProgressResponse Daemon::Parts::Progress() {
  const Gate::Pass pass = asked.Enter();
  if (!pass || !built) return {};
  const std::shared_ptr<const CacheNode> node = cluster->Current();
  return node == nullptr ? agent::v1::ProgressResponse() : ProgressOf(*node, Look(node->spec), store->leases().List());
}

void Daemon::Parts::Follow(const CacheNodeSpec& spec) {
  const DaemonConfig& config = setup.config;
  store->SetRoomLimits(RoomOf(ConfiguredRoom(config), spec.policy));
  limits->SetRates(DownloadRatesOf(RatesOf(config), spec.policy));
  uploads->SetRates({.download = UploadRateOf(config.limits.upload_bytes_per_second, spec.policy)});
  manager->SetWanted(WantedOf(spec));
  manager->RoomWasMade();
  disk->Wake();
}

// The configuration is in the policy.
void Daemon::Parts::Obey(const NodePolicy& now) {
  store->SetRoomLimits(RoomOf(RoomLimits(), now));
  limits->SetRates(DownloadRatesOf(TransferRates(), now));
  uploads->SetRates({.download = now.upload});
  manager->RoomWasMade();
  disk->Wake();
}

AgentProgress Daemon::Parts::ProgressForOperator() {
  if (!cluster) return {};
  return [this] { return Progress(); };
}

Admissions& Daemon::Parts::AdmissionsInUse() {
  if (cluster) return cluster->admissions();
  return folder_admissions;
}

void Daemon::Parts::FollowManifests() {
  if (cluster) return cluster->Start();
  if (setup.config.manifests.empty()) return;
  folder = std::make_unique<ManifestFolder>(setup.config.manifests, kRescan, [this](const ManifestSet& set) {
    manifests.Set(set);
    policies->Set(set.policy);
    manager->SetWanted(WantedOf(set));
    disk->Wake();
    LOG(INFO) << Message("Manifests").With("caches", set.caches.size()).With("problems", set.problems.size());
  });
}

HttpAccess Daemon::Parts::AccessToMetrics() {
  if (!setup.config.guard_metrics) return {};
  return GuardMetrics(
      {.client = *setup.kube, .clock = clock, .credentials = [this] { return cluster->OwnCertificate(); }});
}

Status Daemon::Parts::ServeHttp() {
  if (setup.config.http.address.empty()) return OkStatus();
  std::map<std::string, HttpServer::Route> routes;
  routes["/healthz"] = [] { return HttpReply{.body = "ok\n"}; };
  routes["/readyz"] = [this] {
    return ready ? HttpReply{.body = "ready\n"} : HttpReply{.code = 503, .body = "starting\n"};
  };
  routes[kMetricsPath] = [this] {
    return HttpReply{.content_type = "text/plain; version=0.0.4; charset=utf-8",
                     .body = metrics.Render(GaugesOf(*core, *disk))};
  };
  ASSIGN_OR_RETURN(http,
                   HttpServer::Start({.address = setup.config.http.address}, std::move(routes), AccessToMetrics()));
  return OkStatus();
}

Result<std::unique_ptr<Daemon>> Daemon::Start(Setup setup, const Clock& clock) {
  const SteadyTime begun = clock.Steady();
  auto parts = std::make_unique<Parts>(std::move(setup), clock);
  RETURN_IF_ERROR(parts->MakeOrigins());
  RETURN_IF_ERROR(parts->OpenStore());
  RETURN_IF_ERROR(parts->JoinSwarm());
  parts->BuildCore();
  parts->core->SyncEarlyMounts();
  parts->FollowManifests();
  parts->disk->Start();
  RETURN_IF_ERROR(parts->Serve());
  RETURN_IF_ERROR(parts->ServeHttp());
  parts->ready = true;
  LOG(INFO) << Message("Ready")
                   .With("version", parts->setup.version)
                   .With("node", parts->facts.node)
                   .With("cache", parts->setup.config.cache.dir)
                   .With("blobs", parts->store->GetUsage().blobs)
                   .With("socket", parts->setup.config.socket.path)
                   .With("http", parts->http
                                     ? StrCat(parts->setup.config.http.address, " (port ", parts->http->port(), ")")
                                     : "none")
                   .With("took",
                         FormatDuration(std::chrono::duration_cast<std::chrono::milliseconds>(clock.Steady() - begun)));
  return std::unique_ptr<Daemon>(new Daemon(std::move(parts)));
}

Daemon::Daemon(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {}
Daemon::~Daemon() = default;

uint16_t Daemon::control_port() const { return parts_->swarm ? parts_->swarm->control_port() : 0; }
uint16_t Daemon::data_port() const { return parts_->swarm ? parts_->swarm->data_port() : 0; }
uint16_t Daemon::http_port() const { return parts_->http ? parts_->http->port() : 0; }

}  // namespace ballast
