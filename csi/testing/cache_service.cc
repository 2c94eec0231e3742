#include "csi/testing/cache_service.h"

#include <grpcpp/security/server_credentials.h>
#include <grpcpp/server.h>
#include <grpcpp/server_builder.h>

#include <chrono>
#include <thread>

#include "base/check.h"
#include "csi/grpc_status.h"
#include "proto/ballastd_status.h"
#include "proto/cache.grpc.pb.h"

namespace ballast::driver {
namespace {

namespace pb = ballast::cache::v1;

class FakeCacheServer final : public pb::Cache::Service {
 public:
  explicit FakeCacheServer(FakeCache& cache) : cache_(cache) {}

  grpc::Status Prepare(grpc::ServerContext* context, const pb::PrepareRequest* in,
                       grpc::ServerWriter<pb::PrepareUpdate>* writer) override {
    const auto ready = cache_.Prepare(CallOf(*in, *writer));
    if (ready.status().code() == StatusCode::kDeadlineExceeded) return UntilTheCallerGoes(*context);
    if (!ready.ok()) return SaidByBallastd(ready.status());
    pb::PrepareUpdate update;
    update.mutable_ready()->set_model(ready->model);
    update.mutable_ready()->set_manifest(ready->manifest);
    update.mutable_ready()->set_commit(ready->commit);
    update.mutable_ready()->set_view(ready->view);
    writer->Write(update);
    return grpc::Status::OK;
  }

  grpc::Status Release(grpc::ServerContext*, const pb::ReleaseRequest* in, pb::ReleaseResponse*) override {
    return ToGrpc(cache_.Release({in->volume_id(), in->target_path()}));
  }

  grpc::Status ListLeases(grpc::ServerContext*, const pb::ListLeasesRequest*, pb::ListLeasesResponse* out) override {
    const auto leases = cache_.ListLeases();
    if (!leases.ok()) return ToGrpc(leases.status());
    for (const LeaseKey& lease : *leases) {
      pb::Lease& added = *out->add_leases();
      added.set_volume_id(lease.volume_id);
      added.set_target_path(lease.target_path);
    }
    return grpc::Status::OK;
  }

 private:
  static PrepareCall CallOf(const pb::PrepareRequest& in, grpc::ServerWriter<pb::PrepareUpdate>& writer) {
    PrepareCall call;
    call.order.name = in.cluster_cache() + in.cache() + in.source();
    call.order.pod_namespace = in.namespace_();
    call.order.revision = in.revision();
    call.order.manifest = in.manifest();
    call.order.layout = static_cast<Layout>(in.layout());
    call.order.early = in.early();
    call.lease = {in.lease().volume_id(), in.lease().target_path()};
    call.pod = in.lease().pod();
    call.pod_uid = in.lease().pod_uid();
    call.read_only = !in.asked_to_write();
    call.on_progress = [&writer](const WarmProgress& progress) {
      pb::PrepareUpdate update;
      update.mutable_progress()->set_model(progress.model);
      update.mutable_progress()->set_bytes_done(progress.bytes_done);
      update.mutable_progress()->set_bytes_total(progress.bytes_total);
      return writer.Write(update);
    };
    return call;
  }

  // The model never gets warm: the stream stays open until the caller's deadline or cancellation ends it.
  static grpc::Status UntilTheCallerGoes(const grpc::ServerContext& context) {
    while (!context.IsCancelled()) std::this_thread::sleep_for(std::chrono::milliseconds(5));
    return {grpc::StatusCode::CANCELLED, "the caller went away"};
  }

  FakeCache& cache_;
};

}  // namespace

struct CacheService::Impl {
  explicit Impl(FakeCache& cache) : service(cache) {}
  FakeCacheServer service;
  std::unique_ptr<grpc::Server> server;
};

CacheService::CacheService(const std::string& socket_path, FakeCache& cache) : impl_(std::make_unique<Impl>(cache)) {
  grpc::ServerBuilder builder;
  builder.AddListeningPort("unix:" + socket_path, grpc::InsecureServerCredentials());
  builder.RegisterService(&impl_->service);
  impl_->server = builder.BuildAndStart();
  BALLAST_CHECK(impl_->server != nullptr) << socket_path;
}

CacheService::~CacheService() { impl_->server->Shutdown(std::chrono::system_clock::now()); }

}  // namespace ballast::driver
