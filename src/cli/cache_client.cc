#include "cli/cache_client.h"

#include <grpcpp/grpcpp.h>

#include <optional>

#include "base/strings.h"
#include "base/unix_listener.h"
#include "proto/cache.grpc.pb.h"

namespace ballast::cli {
namespace {

namespace v1 = ::ballast::cache::v1;

Status FromGrpc(const grpc::Status& status) {
  if (status.ok()) return OkStatus();
  if (status.error_code() == grpc::StatusCode::CANCELLED) return Cancelled("stopped");  // gRPC has no words for it
  return {static_cast<StatusCode>(status.error_code()), status.error_message()};
}

template <typename Repeated>
std::vector<std::string> Strings(const Repeated& values) {
  return {values.begin(), values.end()};
}

TransferProgress FromProto(const v1::Progress& p) {
  return {p.model(),      p.phase(),       p.bytes_done(), p.bytes_total(), p.bytes_per_second(),
          p.files_done(), p.files_total(), p.waiting_for()};
}

CachedModel FromProto(const v1::Model& m) {
  return {m.model(),
          m.commit(),
          Strings(m.revisions()),
          m.manifest(),
          m.phase(),
          m.bytes(),
          m.bytes_here(),
          m.allocated_bytes(),
          m.files(),
          Strings(m.wanted_by()),
          m.mounts(),
          m.last_used_unix(),
          m.message()};
}

NodeStatus FromProto(const v1::StatusResponse& s) {
  NodeStatus status{s.version(),
                    s.node(),
                    s.cache_dir(),
                    s.used_bytes(),
                    s.reserved_bytes(),
                    s.quota_bytes(),
                    s.disk_free_bytes(),
                    s.disk_total_bytes(),
                    s.blobs(),
                    s.models(),
                    s.leases(),
                    s.started_unix(),
                    {},
                    Strings(s.problems())};
  for (const v1::Model& model : s.models_in_progress()) {
    status.in_progress.push_back(FromProto(model.progress()));
    if (status.in_progress.back().model.empty()) status.in_progress.back().model = model.model();
  }
  return status;
}

ModelTransfers FromProto(const v1::ModelTransfers& m) {
  ModelTransfers out{.model = m.model(), .manifest = m.manifest(), .phase = m.phase()};
  if (m.has_progress()) out.progress = FromProto(m.progress());
  for (const auto& s : m.sources())
    out.sources.push_back({s.node(), s.zone(), s.same_zone(), s.bytes(), s.bytes_per_second(), s.in_flight()});
  out.coordinator = m.coordinator();
  for (const auto& t : m.transfers())
    out.transfers.push_back({t.receiver(), t.source(), t.path(), t.first_piece(), t.pieces()});
  out.quarantined = Strings(m.quarantined());
  return out;
}

// Each update says all that was found so far.
VerifyReport FromProto(const v1::VerifyUpdate& update) {
  VerifyReport report{.checked = update.blobs_done(), .bytes = update.bytes_done()};
  for (const auto& d : update.damage())
    report.damage.push_back({d.blob(), d.problem(), Strings(d.models()), Strings(d.paths())});
  for (const auto& f : update.findings()) report.findings.push_back({f.invariant(), f.path(), f.problem(), f.remedy()});
  return report;
}

Result<v1::Layout> LayoutOf(const std::string& name) {
  if (name.empty() || name == "plain") return v1::PLAIN;
  if (name == "hf") return v1::HF;
  if (name == "hf-repo") return v1::HF_REPO;
  return InvalidArgument(StrCat("no layout ", Quoted(name), "; valid: plain, hf, hf-repo"));
}

// One call that a stop cancels.
class Call {
 public:
  explicit Call(std::stop_token stop) : on_stop_(std::move(stop), Cancel{&context}) {}
  grpc::ClientContext context;

 private:
  struct Cancel {
    grpc::ClientContext* context;
    void operator()() const { context->TryCancel(); }
  };
  std::stop_callback<Cancel> on_stop_;
};

class GrpcCacheClient final : public CacheClient {
 public:
  explicit GrpcCacheClient(const std::string& socket)
      : stub_(v1::Cache::NewStub(grpc::CreateChannel("unix:" + socket, grpc::InsecureChannelCredentials()))) {}

  Result<ReadyModel> Pull(const std::string& ref, const std::string& layout, const OnProgress& progress,
                          std::stop_token stop) override {
    v1::PrepareRequest request;
    request.set_source(ref);
    ASSIGN_OR_RETURN(const v1::Layout wanted, LayoutOf(layout));
    request.set_layout(wanted);
    Call call(stop);
    const auto reader = stub_->Prepare(&call.context, request);
    v1::PrepareUpdate update;
    std::optional<ReadyModel> ready;
    while (reader->Read(&update)) {
      if (update.has_progress()) progress(FromProto(update.progress()));
      if (update.has_ready()) ready = FromReady(update.ready());
    }
    RETURN_IF_ERROR(FromGrpc(reader->Finish()));
    if (!ready) return Internal("ballastd ended the call without an answer");
    ASSIGN_OR_RETURN(const NodeStatus node, GetStatus(std::move(stop)));
    ready->dir = StrCat(node.cache_dir, "/", ready->view);
    return *std::move(ready);
  }

  Result<std::vector<CachedModel>> List(std::stop_token stop) override {
    Call call(std::move(stop));
    v1::ListResponse response;
    RETURN_IF_ERROR(FromGrpc(stub_->List(&call.context, {}, &response)));
    std::vector<CachedModel> models;
    for (const v1::Model& model : response.models()) models.push_back(FromProto(model));
    return models;
  }

  Result<NodeStatus> GetStatus(std::stop_token stop) override {
    Call call(std::move(stop));
    v1::StatusResponse response;
    RETURN_IF_ERROR(FromGrpc(stub_->Status(&call.context, {}, &response)));
    return FromProto(response);
  }

  Result<std::vector<ModelTransfers>> Transfers(const std::string& model, std::stop_token stop) override {
    v1::ModelStatusRequest request;
    request.set_model(model);
    Call call(std::move(stop));
    v1::ModelStatusResponse response;
    RETURN_IF_ERROR(FromGrpc(stub_->ModelStatus(&call.context, request, &response)));
    std::vector<ModelTransfers> models;
    for (const v1::ModelTransfers& one : response.models()) models.push_back(FromProto(one));
    return models;
  }

  Result<VerifyReport> Verify(const std::string& model, bool deep, const OnProgress& progress,
                              std::stop_token stop) override {
    v1::VerifyRequest request;
    request.set_model(model);
    request.set_deep(deep);
    Call call(std::move(stop));
    const auto reader = stub_->Verify(&call.context, request);
    v1::VerifyUpdate update;
    VerifyReport report;
    while (reader->Read(&update)) {
      report = FromProto(update);
      progress({model, "verifying", update.bytes_done(), update.bytes_total(), 0, update.blobs_done(),
                update.blobs_total(), ""});
    }
    RETURN_IF_ERROR(FromGrpc(reader->Finish()));
    return report;
  }

  Result<WarmReport> Warm(const std::string& model, const OnProgress& progress, std::stop_token stop) override {
    v1::WarmRequest request;
    request.set_model(model);
    Call call(std::move(stop));
    const auto reader = stub_->Warm(&call.context, request);
    v1::WarmUpdate update;
    while (reader->Read(&update)) {
      progress({model, "reading into memory", update.bytes_done(), update.bytes_total(), 0, 0, 0, ""});
    }
    RETURN_IF_ERROR(FromGrpc(reader->Finish()));
    return WarmReport{update.bytes_total(), update.held_bytes(), update.room_bytes(), update.limited_by()};
  }

  Result<std::vector<HeldLease>> Leases(std::stop_token stop) override {
    Call call(std::move(stop));
    v1::ListLeasesResponse response;
    RETURN_IF_ERROR(FromGrpc(stub_->ListLeases(&call.context, {}, &response)));
    std::vector<HeldLease> leases;
    for (const v1::Lease& l : response.leases()) leases.push_back({l.volume_id(), l.target_path(), l.pod(), l.view()});
    return leases;
  }

  Result<RemovedModel> Remove(const std::string& model, std::stop_token stop) override {
    v1::RemoveRequest request;
    request.set_model(model);
    Call call(std::move(stop));
    v1::RemoveResponse response;
    RETURN_IF_ERROR(FromGrpc(stub_->Remove(&call.context, request, &response)));
    return RemovedModel{Strings(response.manifests()), response.freed_bytes()};
  }

  Result<GarbageReport> CollectGarbage(bool dry_run, std::stop_token stop) override {
    v1::CollectGarbageRequest request;
    request.set_dry_run(dry_run);
    Call call(std::move(stop));
    v1::CollectGarbageResponse r;
    RETURN_IF_ERROR(FromGrpc(stub_->CollectGarbage(&call.context, request, &r)));
    GarbageReport report{.dry_run = dry_run,
                         .problems = Strings(r.problems()),
                         .freed_bytes = r.freed_bytes(),
                         .missing_bytes = r.missing_bytes(),
                         .protected_bytes = r.protected_bytes(),
                         .used_bytes = r.used_bytes(),
                         .quota_bytes = r.quota_bytes(),
                         .disk_free_bytes = r.disk_free_bytes(),
                         .disk_total_bytes = r.disk_total_bytes(),
                         .high_threshold_percent = r.high_threshold_percent(),
                         .low_threshold_percent = r.low_threshold_percent(),
                         .min_available_bytes = r.min_available_bytes()};
    for (const auto& e : r.evictions())
      report.evictions.push_back({e.what(), e.manifest(), e.reason(), e.why(), e.freed_bytes()});
    for (const auto& p : r.protected_()) report.stays.push_back({p.model(), p.manifest(), p.why()});
    return report;
  }

 private:
  static ReadyModel FromReady(const v1::Ready& r) {
    return {.model = r.model(),
            .manifest = r.manifest(),
            .commit = r.commit(),
            .view = r.view(),
            .bytes = r.bytes(),
            .files = r.files(),
            .bytes_fetched = r.bytes_fetched(),
            .bytes_from_peers = r.bytes_from_peers(),
            .warning = r.warning()};
  }

  std::unique_ptr<v1::Cache::Stub> stub_;
};

// gRPC would try for seconds and then speak of channels.
Status SomebodyAnswers(const std::string& socket) {
  Status listens = SomebodyListens(socket);
  if (listens.ok() || listens.code() == StatusCode::kInvalidArgument) return listens;
  if (listens.code() == StatusCode::kPermissionDenied) {
    return PermissionDenied(StrCat("no permission for ", socket, ": run as root or as a member of the socket's group"));
  }
  return Unavailable(
      StrCat("ballastd does not answer at ", socket, ": start it, or name its socket by --socket or BALLAST_SOCKET"));
}

}  // namespace

Result<std::unique_ptr<CacheClient>> ConnectToCache(const std::string& socket) {
  RETURN_IF_ERROR(SomebodyAnswers(socket));
  return std::unique_ptr<CacheClient>(std::make_unique<GrpcCacheClient>(socket));
}

}  // namespace ballast::cli
