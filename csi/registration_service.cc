#include "base/logging.h"
#include "csi/proto/pluginregistration.grpc.pb.h"
#include "csi/services.h"

namespace ballast::driver {
namespace {

namespace pb = pluginregistration;

// What node-driver-registrar does for other drivers: the kubelet finds the socket in its plugins_registry and asks.
class RegistrationServer final : public pb::Registration::Service {
 public:
  RegistrationServer(std::string csi_socket, std::function<void(const std::string&)> refused)
      : csi_socket_(std::move(csi_socket)), refused_(std::move(refused)) {}

  grpc::Status GetInfo(grpc::ServerContext*, const pb::InfoRequest*, pb::PluginInfo* out) override {
    out->set_type("CSIPlugin");
    out->set_name(kDriverName);
    out->set_endpoint(csi_socket_);
    out->add_supported_versions("1.0.0");
    return grpc::Status::OK;
  }

  grpc::Status NotifyRegistrationStatus(grpc::ServerContext*, const pb::RegistrationStatus* status,
                                        pb::RegistrationStatusResponse*) override {
    if (status->plugin_registered()) {
      LOG(INFO) << Message("The kubelet has registered the driver").With("driver", kDriverName);
    } else {
      refused_(status->error());
    }
    return grpc::Status::OK;
  }

 private:
  const std::string csi_socket_;
  const std::function<void(const std::string&)> refused_;
};

}  // namespace

std::unique_ptr<grpc::Service> MakeRegistrationService(const std::string& csi_socket,
                                                       std::function<void(const std::string&)> refused) {
  return std::make_unique<RegistrationServer>(csi_socket, std::move(refused));
}

}  // namespace ballast::driver
