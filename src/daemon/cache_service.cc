#include "daemon/cache_service.h"

#include <algorithm>
#include <functional>
#include <set>

#include "base/logging.h"
#include "base/strings.h"
#include "daemon/model_status.h"
#include "daemon/prepare_call.h"
#include "daemon/verify_call.h"
#include "daemon/warm_call.h"

namespace ballast {
namespace {

namespace v1 = cache::v1;
using OurStatus = ::ballast::Status;

grpc::ServerUnaryReactor* Unary(grpc::CallbackServerContext* context, WorkerPool& pool,
                                std::function<OurStatus()> work) {
  grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
  const bool taken = pool.Submit(
      [reactor, work = std::move(work)](const std::stop_token&) { reactor->Finish(SaidByBallastd(work())); });
  if (!taken) reactor->Finish(SaidByBallastd(Unavailable("ballastd is stopping")));
  return reactor;
}

OurStatus FillLeases(const CacheCore& core, v1::ListLeasesResponse& response) {
  for (const Lease& lease : core.store.leases().List()) {
    v1::Lease& out = *response.add_leases();
    out.set_volume_id(lease.volume_id);
    out.set_target_path(lease.target_path);
    out.set_pod(lease.pod);
    out.set_pod_uid(lease.pod_uid);
    out.set_manifest(lease.manifest ? lease.manifest->ToString() : "");
    out.set_view(lease.view);
  }
  return OkStatus();
}

OurStatus FillModels(const CacheCore& core, v1::ListResponse& response) {
  for (v1::Model& model : ListModels(core.View())) {
    if (const Result<Digest> id = Digest::Parse(model.manifest()); id.ok())
      model.set_allocated_bytes(core.store.models().AllocatedBytes(*id));
    *response.add_models() = std::move(model);
  }
  return OkStatus();
}

OurStatus RemoveModels(CacheCore& core, const std::string& model, v1::RemoveResponse& response) {
  ASSIGN_OR_RETURN(const std::vector<Digest> manifests, SelectModels(core.View(), model, /*all=*/false));
  std::vector<InUse::Hold> holds;
  for (const Digest& id : manifests) {
    ASSIGN_OR_RETURN(InUse::Hold hold, core.in_use.ToRemove(id));
    holds.push_back(std::move(hold));
  }
  const NodeView node = core.View();  // now that no publish can begin
  for (const Digest& id : manifests) RETURN_IF_ERROR(MayRemove(node, id));
  const std::vector<Result<uint64_t>> removed = core.store.models().RemoveAll(manifests, {});
  for (size_t i = 0; i < manifests.size(); ++i) {
    ASSIGN_OR_RETURN(const uint64_t freed, removed[i]);
    response.add_manifests(manifests[i].ToString());
    response.set_freed_bytes(response.freed_bytes() + freed);
  }
  // Only now: a full disk has room for it again. The models are gone whether it can be written or not, and what is said
  // of one that is not here does no harm.
  for (const Digest& id : manifests) {
    if (const Status forgotten = core.resolutions.Forget(id); !forgotten.ok())
      LOG(WARNING) << Message("A removed model stays among what was resolved").With("error", forgotten);
  }
  if (core.swarm != nullptr) core.swarm->ModelsChanged();
  core.manager.RoomWasMade();
  LOG(INFO) << Message("Removed").With("model", model).With("freed", FormatBytes(response.freed_bytes()));
  return OkStatus();
}

void FillProblems(const CacheCore& core, const NodeView& node, const Usage& usage, v1::StatusResponse& response) {
  for (const std::string& problem : core.admissions.Problems()) response.add_problems(problem);
  if (core.swarm != nullptr) {
    for (const std::string& problem : core.swarm->Problems()) response.add_problems(problem);
  }
  std::set<std::string> told;  // a volume and a cache that ask for the same fail for the same reason
  for (const JobSnapshot& job : node.jobs) {
    if (!job.error.ok()) told.insert(StrCat(job.request.Name(), ": ", job.error.message()));
    if (job.ready && !job.ready->warning.empty()) told.insert(StrCat(job.request.Name(), ": ", job.ready->warning));
  }
  for (const std::string& problem : told) response.add_problems(problem);
  const uint64_t min_available = core.store.room_limits().min_available;
  if (usage.disk_free_bytes < min_available) {
    response.add_problems(StrCat(
        "only ", FormatBytes(usage.disk_free_bytes), " are free on the cache's file system and cache.minAvailable is ",
        FormatBytes(min_available), ": nothing more is downloaded; free some, or `ballast rm` a model"));
  }
}

OurStatus FillModelStatus(const CacheCore& core, const std::string& model, v1::ModelStatusResponse& response) {
  const auto view_of = [&core](const Digest& manifest) {
    return core.swarm == nullptr ? ModelSwarmView() : core.swarm->ViewOf(manifest);
  };
  ASSIGN_OR_RETURN(const auto all, TransfersOf(core.View(), model, view_of));
  for (const v1::ModelTransfers& one : all) *response.add_models() = one;
  return OkStatus();
}

OurStatus CollectGarbage(CacheCore& core, bool dry_run, v1::CollectGarbageResponse& response) {
  const Collection collection = dry_run ? core.collector->Explain() : core.collector->Collect();
  for (const Evicted& one : collection.evicted) {
    v1::CollectGarbageResponse::Eviction& out = *response.add_evictions();
    out.set_what(one.what);
    out.set_manifest(one.manifest());
    out.set_reason(std::string(ReasonLabel(one.reason)));
    out.set_why(std::string(ReasonName(one.reason)));
    out.set_freed_bytes(one.freed_bytes);
  }
  for (const Stays& one : collection.stays) {
    v1::CollectGarbageResponse::Protected& out = *response.add_protected_();
    out.set_model(one.what);
    out.set_manifest(one.id.ToString());
    out.set_why(one.why);
  }
  for (const std::string& problem : collection.problems) response.add_problems(problem);
  response.set_freed_bytes(collection.freed_bytes);
  response.set_missing_bytes(collection.missing_bytes);
  response.set_protected_bytes(collection.protected_bytes);
  const Usage usage = core.store.GetUsage();
  response.set_used_bytes(usage.used_bytes);
  response.set_quota_bytes(collection.policy.quota_bytes);
  response.set_disk_free_bytes(usage.disk_free_bytes);
  response.set_disk_total_bytes(usage.disk_total_bytes);
  response.set_high_threshold_percent(collection.policy.high_percent);
  response.set_low_threshold_percent(collection.policy.low_percent);
  response.set_min_available_bytes(collection.policy.min_available);
  return OkStatus();
}

OurStatus FillStatus(const CacheCore& core, v1::StatusResponse& response) {
  const NodeView node = core.View();
  const Usage usage = core.store.GetUsage();
  response.set_version(core.facts.version);
  response.set_node(core.facts.node);
  response.set_cache_dir(core.store.root());
  response.set_used_bytes(usage.used_bytes);
  response.set_reserved_bytes(usage.reserved_bytes);
  response.set_quota_bytes(core.store.room_limits().quota_bytes);
  response.set_disk_free_bytes(usage.disk_free_bytes);
  response.set_disk_total_bytes(usage.disk_total_bytes);
  response.set_blobs(usage.blobs);
  response.set_models(static_cast<uint32_t>(node.models.size()));
  response.set_leases(static_cast<uint32_t>(node.leases.size()));
  response.set_started_unix(core.facts.started_unix);
  for (v1::Model& model : ListModels(node)) {
    if (model.phase() != "ready" && model.phase() != "failed") *response.add_models_in_progress() = std::move(model);
  }
  FillProblems(core, node, usage, response);
  return OkStatus();
}

}  // namespace

CacheService::CacheService(CacheCore& core) : core_(core) {}

grpc::ServerWriteReactor<v1::PrepareUpdate>* CacheService::Prepare(grpc::CallbackServerContext* /*context*/,
                                                                   const v1::PrepareRequest* request) {
  auto* call = new PrepareCall(core_, pool_,
                               *request);  // NOLINT(cppcoreguidelines-owning-memory): gRPC's form, it deletes itself
  call->Start();
  return call;
}

grpc::ServerWriteReactor<v1::VerifyUpdate>* CacheService::Verify(grpc::CallbackServerContext* /*context*/,
                                                                 const v1::VerifyRequest* request) {
  auto* call = new VerifyCall(core_, *request);
  if (!reading_pool_.Submit([call](const std::stop_token& stop) { call->Run(stop); }))
    call->End(Unavailable("ballastd is stopping"));
  return call;
}

grpc::ServerWriteReactor<v1::WarmUpdate>* CacheService::Warm(grpc::CallbackServerContext* /*context*/,
                                                             const v1::WarmRequest* request) {
  auto* call = new WarmCall(core_, request->model());
  if (!reading_pool_.Submit([call](const std::stop_token& stop) { call->Run(stop); }))
    call->End(Unavailable("ballastd is stopping"));
  return call;
}

grpc::ServerUnaryReactor* CacheService::Release(grpc::CallbackServerContext* context, const v1::ReleaseRequest* request,
                                                v1::ReleaseResponse* /*response*/) {
  return Unary(context, pool_, [this, request] {
    OurStatus removed = core_.store.leases().Remove(request->volume_id(), request->target_path());
    core_.SyncEarlyMounts();
    return removed;
  });
}

grpc::ServerUnaryReactor* CacheService::ListLeases(grpc::CallbackServerContext* context,
                                                   const v1::ListLeasesRequest* /*request*/,
                                                   v1::ListLeasesResponse* response) {
  return Unary(context, pool_, [this, response] { return FillLeases(core_, *response); });
}

grpc::ServerUnaryReactor* CacheService::List(grpc::CallbackServerContext* context, const v1::ListRequest* /*request*/,
                                             v1::ListResponse* response) {
  return Unary(context, pool_, [this, response] { return FillModels(core_, *response); });
}

grpc::ServerUnaryReactor* CacheService::Remove(grpc::CallbackServerContext* context, const v1::RemoveRequest* request,
                                               v1::RemoveResponse* response) {
  return Unary(context, pool_, [this, request, response] { return RemoveModels(core_, request->model(), *response); });
}

grpc::ServerUnaryReactor* CacheService::CollectGarbage(grpc::CallbackServerContext* context,
                                                       const v1::CollectGarbageRequest* request,
                                                       v1::CollectGarbageResponse* response) {
  return Unary(context, pool_,
               [this, request, response] { return ::ballast::CollectGarbage(core_, request->dry_run(), *response); });
}

grpc::ServerUnaryReactor* CacheService::Status(grpc::CallbackServerContext* context,
                                               const v1::StatusRequest* /*request*/, v1::StatusResponse* response) {
  return Unary(context, pool_, [this, response] { return FillStatus(core_, *response); });
}

grpc::ServerUnaryReactor* CacheService::ModelStatus(grpc::CallbackServerContext* context,
                                                    const v1::ModelStatusRequest* request,
                                                    v1::ModelStatusResponse* response) {
  return Unary(context, pool_,
               [this, request, response] { return FillModelStatus(core_, request->model(), *response); });
}

}  // namespace ballast
