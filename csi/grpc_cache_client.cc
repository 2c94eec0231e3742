#include "csi/grpc_cache_client.h"

#include <grpcpp/create_channel.h>
#include <grpcpp/support/channel_arguments.h>

#include <algorithm>
#include <utility>

#include "base/strings.h"
#include "base/unix_listener.h"
#include "csi/grpc_status.h"
#include "proto/ballastd_status.h"
#include "proto/cache.grpc.pb.h"

namespace ballast::driver {
namespace {

namespace pb = ballast::cache::v1;
using std::chrono::milliseconds;
using std::chrono::steady_clock;
using std::chrono::system_clock;

// gRPC counts deadlines by the wall clock.
system_clock::time_point Wall(SteadyTime steady) {
  return system_clock::now() + std::chrono::duration_cast<system_clock::duration>(steady - steady_clock::now());
}

pb::Layout ToProto(Layout layout) {
  switch (layout) {
    case Layout::kPlain:
      return pb::PLAIN;
    case Layout::kHf:
      return pb::HF;
    case Layout::kHfRepo:
      return pb::HF_REPO;
  }
  return pb::PLAIN;
}

void SetModel(const ModelOrder& order, pb::PrepareRequest& request) {
  switch (order.kind) {
    case ModelOrder::Kind::kClusterCache:
      request.set_cluster_cache(order.name);
      break;
    case ModelOrder::Kind::kCache:
      request.set_cache(order.name);
      break;
    case ModelOrder::Kind::kSource:
      request.set_source(order.name);
      break;
  }
}

pb::PrepareRequest ToProto(const PrepareCall& call) {
  pb::PrepareRequest request;
  SetModel(call.order, request);
  request.set_namespace_(call.order.pod_namespace);
  request.set_revision(call.order.revision);
  request.set_manifest(call.order.manifest);
  request.set_layout(ToProto(call.order.layout));
  request.set_early(call.order.early);
  request.mutable_lease()->set_volume_id(call.lease.volume_id);
  request.mutable_lease()->set_target_path(call.lease.target_path);
  request.mutable_lease()->set_pod(call.pod);
  request.mutable_lease()->set_pod_uid(call.pod_uid);
  request.set_token(call.token);
  request.set_asked_to_write(!call.read_only);
  request.set_volume(true);
  return request;
}

WarmProgress FromProto(const pb::Progress& progress) {
  return {.model = progress.model(),
          .phase = progress.phase(),
          .bytes_done = progress.bytes_done(),
          .bytes_total = progress.bytes_total(),
          .bytes_per_second = progress.bytes_per_second(),
          .waiting_for = progress.waiting_for()};
}

ReadyView FromProto(const pb::Ready& ready) {
  return {.model = ready.model(),
          .manifest = ready.manifest(),
          .commit = ready.commit(),
          .view = ready.view(),
          .bytes = ready.bytes(),
          .files = ready.files(),
          .warning = ready.warning()};
}

std::shared_ptr<grpc::Channel> MakeChannel(const std::string& path) {
  grpc::ChannelArguments arguments;
  arguments.SetInt(GRPC_ARG_INITIAL_RECONNECT_BACKOFF_MS, 100);  // a local socket: trying costs nothing
  arguments.SetInt(GRPC_ARG_MIN_RECONNECT_BACKOFF_MS, 100);
  arguments.SetInt(GRPC_ARG_MAX_RECONNECT_BACKOFF_MS, 1000);
  return grpc::CreateCustomChannel("unix:" + path, grpc::InsecureChannelCredentials(), arguments);
}

class GrpcCacheClient final : public CacheClient {
 public:
  explicit GrpcCacheClient(const CacheClientOptions& options)
      : options_(options), channel_(MakeChannel(options.socket_path)), stub_(pb::Cache::NewStub(channel_)) {}

  // A ballastd that goes in mid-call is waited for as one that is not there: the call begins again.
  Result<ReadyView> Prepare(const PrepareCall& call) override {
    SteadyTime absent_until = steady_clock::now() + options_.patience;
    for (;;) {
      const SteadyTime limit = std::min(absent_until, call.deadline);
      RETURN_IF_ERROR(AwaitConnection(call, limit));
      bool lost = false;
      auto ready = PrepareOnce(call, lost);
      if (!lost || steady_clock::now() >= limit) return Explained(std::move(ready));
    }
  }

  Status Release(const LeaseKey& lease) override {
    grpc::ClientContext context;
    context.set_deadline(system_clock::now() + options_.quick);
    pb::ReleaseRequest request;
    request.set_volume_id(lease.volume_id);
    request.set_target_path(lease.target_path);
    pb::ReleaseResponse response;
    return Explain(FromGrpc(stub_->Release(&context, request, &response)));
  }

  Result<std::vector<LeaseKey>> ListLeases() override {
    grpc::ClientContext context;
    context.set_deadline(system_clock::now() + options_.quick);
    pb::ListLeasesResponse response;
    RETURN_IF_ERROR(Explain(FromGrpc(stub_->ListLeases(&context, {}, &response))));
    std::vector<LeaseKey> leases;
    for (const pb::Lease& lease : response.leases()) leases.push_back({lease.volume_id(), lease.target_path()});
    return leases;
  }

 private:
  // Looks every second whether the caller still waits.
  Status AwaitConnection(const PrepareCall& call, SteadyTime limit) {
    const WarmProgress absent{.model = call.order.name, .phase = "waiting", .waiting_for = "ballastd does not answer"};
    while (!channel_->WaitForConnected(Wall(std::min(limit, steady_clock::now() + std::chrono::seconds(1))))) {
      if (!call.on_progress(absent)) return Cancelled("the caller went away");
      if (steady_clock::now() >= limit) return Explain(Unavailable("no connection"));
    }
    return OkStatus();
  }

  Result<ReadyView> PrepareOnce(const PrepareCall& call, bool& lost) {
    grpc::ClientContext context;
    context.set_deadline(Wall(call.deadline));
    const auto stream = stub_->Prepare(&context, ToProto(call));
    pb::PrepareUpdate update;
    while (stream->Read(&update)) {
      if (update.has_ready()) return FromProto(update.ready());
      if (!call.on_progress(FromProto(update.progress()))) {
        context.TryCancel();
        return Cancelled("the caller went away; the download goes on");
      }
    }
    const grpc::Status finished = stream->Finish();
    lost = finished.error_code() == grpc::StatusCode::UNAVAILABLE && !IsSaidByBallastd(finished);
    const Status status = FromGrpc(finished);
    return status.ok() ? Internal("the node's cache (ballastd) ended the call without a view") : status;
  }

  Result<ReadyView> Explained(Result<ReadyView> ready) {
    return ready.ok() ? std::move(ready) : Result<ReadyView>(Explain(ready.status()));
  }

  // gRPC's own text for a lost connection helps nobody: the socket and its errno do.
  Status Explain(const Status& status) {
    if (status.code() != StatusCode::kUnavailable && status.code() != StatusCode::kDeadlineExceeded) return status;
    const Status socket = SomebodyListens(options_.socket_path);
    if (socket.ok()) return status;
    return Unavailable(
        StrCat("the node's cache (ballastd) does not answer at ", socket.message(), "; is it running on this node?"));
  }

  const CacheClientOptions options_;
  std::shared_ptr<grpc::Channel> channel_;
  std::unique_ptr<pb::Cache::Stub> stub_;
};

}  // namespace

std::unique_ptr<CacheClient> MakeGrpcCacheClient(const CacheClientOptions& options) {
  return std::make_unique<GrpcCacheClient>(options);
}

}  // namespace ballast::driver
