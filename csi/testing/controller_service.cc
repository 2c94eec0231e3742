#include "csi/testing/controller_service.h"

#include <map>
#include <string>

#include "base/mutex.h"
#include "base/strings.h"
#include "csi/grpc_status.h"
#include "csi/proto/csi.grpc.pb.h"
#include "csi/publish_request.h"

namespace ballast::driver {
namespace {

namespace pb = csi::v1;
using Capability = pb::ControllerServiceCapability::RPC;

class ControllerService final : public pb::Controller::Service {
 public:
  grpc::Status CreateVolume(grpc::ServerContext*, const pb::CreateVolumeRequest* in,
                            pb::CreateVolumeResponse* out) override {
    if (in->name().empty()) return ToGrpc(InvalidArgument("the volume's name is missing"));
    if (in->volume_capabilities().empty()) return ToGrpc(InvalidArgument("the volume capabilities are missing"));
    const int64_t bytes = in->capacity_range().required_bytes();
    MutexLock lock(mutex_);
    const auto [found, fresh] = volumes_.try_emplace(in->name(), bytes);
    if (!fresh && found->second != bytes) return ToGrpc(AlreadyExists(StrCat(Quoted(in->name()), " has another size")));
    out->mutable_volume()->set_volume_id(in->name());
    out->mutable_volume()->set_capacity_bytes(bytes);
    *out->mutable_volume()->mutable_volume_context() = in->parameters();
    return grpc::Status::OK;
  }

  grpc::Status DeleteVolume(grpc::ServerContext*, const pb::DeleteVolumeRequest* in,
                            pb::DeleteVolumeResponse*) override {
    if (in->volume_id().empty()) return ToGrpc(InvalidArgument("the volume id is missing"));
    MutexLock lock(mutex_);
    volumes_.erase(in->volume_id());
    return grpc::Status::OK;
  }

  grpc::Status ValidateVolumeCapabilities(grpc::ServerContext*, const pb::ValidateVolumeCapabilitiesRequest* in,
                                          pb::ValidateVolumeCapabilitiesResponse* out) override {
    if (in->volume_id().empty()) return ToGrpc(InvalidArgument("the volume id is missing"));
    if (in->volume_capabilities().empty()) return ToGrpc(InvalidArgument("the volume capabilities are missing"));
    MutexLock lock(mutex_);
    if (!volumes_.contains(in->volume_id())) return ToGrpc(NotFound(StrCat("no volume ", Quoted(in->volume_id()))));
    *out->mutable_confirmed()->mutable_volume_capabilities() = in->volume_capabilities();
    *out->mutable_confirmed()->mutable_volume_context() = in->volume_context();
    *out->mutable_confirmed()->mutable_parameters() = in->parameters();
    return grpc::Status::OK;
  }

  grpc::Status ControllerGetCapabilities(grpc::ServerContext*, const pb::ControllerGetCapabilitiesRequest*,
                                         pb::ControllerGetCapabilitiesResponse* out) override {
    out->add_capabilities()->mutable_rpc()->set_type(Capability::CREATE_DELETE_VOLUME);
    return grpc::Status::OK;
  }

 private:
  Mutex mutex_;
  std::map<std::string, int64_t> volumes_ GUARDED_BY(mutex_);  // name (which is the id) -> bytes
};

}  // namespace

std::unique_ptr<grpc::Service> MakeControllerService() { return std::make_unique<ControllerService>(); }

}  // namespace ballast::driver
