#include <chrono>

#include "csi/grpc_status.h"
#include "csi/proto/csi.grpc.pb.h"
#include "csi/services.h"

namespace ballast::driver {
namespace {

namespace pb = csi::v1;
using Capability = pb::NodeServiceCapability::RPC;

AccessType TypeOf(const pb::VolumeCapability& capability) {
  if (capability.has_block()) return AccessType::kBlock;
  return capability.has_mount() ? AccessType::kMount : AccessType::kNone;
}

PublishRequest FromProto(const pb::NodePublishVolumeRequest& in) {
  const auto& flags = in.volume_capability().mount().mount_flags();
  return {.volume_id = in.volume_id(),
          .target_path = in.target_path(),
          .capability = {.type = TypeOf(in.volume_capability()),
                         .mode = static_cast<AccessMode>(in.volume_capability().access_mode().mode()),
                         .mount_flags = {flags.begin(), flags.end()}},
          .readonly = in.readonly(),
          .secrets = {in.secrets().begin(), in.secrets().end()},
          .attributes = {in.volume_context().begin(), in.volume_context().end()}};
}

void AddUsage(pb::VolumeUsage::Unit unit, uint64_t total, uint64_t available, uint64_t used,
              pb::NodeGetVolumeStatsResponse& out) {
  pb::VolumeUsage& usage = *out.add_usage();
  usage.set_unit(unit);
  usage.set_total(static_cast<int64_t>(total));
  usage.set_available(static_cast<int64_t>(available));
  usage.set_used(static_cast<int64_t>(used));
}

class NodeService final : public pb::Node::Service {
 public:
  NodeService(NodeServer& node, std::string node_name, const Clock& clock)
      : node_(node), node_name_(std::move(node_name)), clock_(clock) {}

  grpc::Status NodePublishVolume(grpc::ServerContext* context, const pb::NodePublishVolumeRequest* in,
                                 pb::NodePublishVolumeResponse*) override {
    return ToKubelet(node_.Publish(FromProto(*in), CallOf(*context)));
  }

  grpc::Status NodeUnpublishVolume(grpc::ServerContext*, const pb::NodeUnpublishVolumeRequest* in,
                                   pb::NodeUnpublishVolumeResponse*) override {
    return ToKubelet(node_.Unpublish(in->volume_id(), in->target_path()));
  }

  grpc::Status NodeGetVolumeStats(grpc::ServerContext*, const pb::NodeGetVolumeStatsRequest* in,
                                  pb::NodeGetVolumeStatsResponse* out) override {
    const auto stats = node_.Stats(in->volume_id(), in->volume_path());
    if (!stats.ok()) return ToKubelet(stats.status());
    const DiskUsage& disk = stats->usage;
    AddUsage(pb::VolumeUsage::BYTES, disk.total_bytes, disk.available_bytes, disk.used_bytes, *out);
    AddUsage(pb::VolumeUsage::INODES, disk.total_inodes, disk.available_inodes, disk.used_inodes, *out);
    out->mutable_volume_condition()->set_abnormal(stats->abnormal);
    out->mutable_volume_condition()->set_message(stats->message);
    return grpc::Status::OK;
  }

  grpc::Status NodeGetCapabilities(grpc::ServerContext*, const pb::NodeGetCapabilitiesRequest*,
                                   pb::NodeGetCapabilitiesResponse* out) override {
    for (const auto type : {Capability::GET_VOLUME_STATS, Capability::VOLUME_CONDITION}) {
      out->add_capabilities()->mutable_rpc()->set_type(type);
    }
    return grpc::Status::OK;
  }

  grpc::Status NodeGetInfo(grpc::ServerContext*, const pb::NodeGetInfoRequest*, pb::NodeGetInfoResponse* out) override {
    out->set_node_id(node_name_);
    return grpc::Status::OK;
  }

 private:
  // The caller's deadline comes by the wall clock; "none" as its far end.
  CallContext CallOf(grpc::ServerContext& context) const {
    CallContext call{.cancelled = [&context] { return context.IsCancelled(); }};
    const auto left = context.deadline() - std::chrono::system_clock::now();
    if (left < std::chrono::hours(24 * 365))
      call.deadline = clock_.Steady() + std::chrono::duration_cast<Duration>(left);
    return call;
  }

  NodeServer& node_;
  const std::string node_name_;
  const Clock& clock_;
};

}  // namespace

std::unique_ptr<grpc::Service> MakeNodeService(NodeServer& node, const std::string& node_name, const Clock& clock) {
  return std::make_unique<NodeService>(node, node_name, clock);
}

}  // namespace ballast::driver
