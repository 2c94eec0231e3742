#include "csi/proto/csi.grpc.pb.h"
#include "csi/services.h"

namespace ballast::driver {
namespace {

namespace pb = csi::v1;

class IdentityServer final : public pb::Identity::Service {
 public:
  explicit IdentityServer(const IdentityInfo& info) : info_(info) {}

  grpc::Status GetPluginInfo(grpc::ServerContext*, const pb::GetPluginInfoRequest*,
                             pb::GetPluginInfoResponse* out) override {
    out->set_name(kDriverName);
    out->set_vendor_version(info_.version);
    return grpc::Status::OK;
  }

  grpc::Status GetPluginCapabilities(grpc::ServerContext*, const pb::GetPluginCapabilitiesRequest*,
                                     pb::GetPluginCapabilitiesResponse* out) override {
    if (info_.controller) {
      out->add_capabilities()->mutable_service()->set_type(pb::PluginCapability::Service::CONTROLLER_SERVICE);
    }
    return grpc::Status::OK;
  }

  grpc::Status Probe(grpc::ServerContext*, const pb::ProbeRequest*, pb::ProbeResponse* out) override {
    out->mutable_ready()->set_value(true);
    return grpc::Status::OK;
  }

 private:
  const IdentityInfo info_;
};

}  // namespace

std::unique_ptr<grpc::Service> MakeIdentityService(const IdentityInfo& info) {
  return std::make_unique<IdentityServer>(info);
}

}  // namespace ballast::driver
