#include "csi/publish_request.h"

#include <algorithm>
#include <string_view>

#include "base/strings.h"
#include "csi/mount/mounter.h"

namespace ballast::driver {
namespace {

constexpr size_t kMaxVolumeId = 128;

Status CheckMode(AccessMode mode) {
  switch (mode) {
    case AccessMode::kSingleNodeWriter:
    case AccessMode::kSingleNodeReaderOnly:
    case AccessMode::kMultiNodeReaderOnly:
      return OkStatus();
    case AccessMode::kUnknown:
      return InvalidArgument("the volume capability has no access mode; use ReadOnlyMany");
    case AccessMode::kMultiNodeSingleWriter:
    case AccessMode::kMultiNodeMultiWriter:
      return InvalidArgument("models are read-only: ReadWriteMany is not served; use accessModes: [ReadOnlyMany]");
    case AccessMode::kSingleNodeSingleWriter:
    case AccessMode::kSingleNodeMultiWriter:
      return InvalidArgument("models are read-only: ReadWriteOncePod is not served; use accessModes: [ReadOnlyMany]");
  }
  return InvalidArgument(StrCat("unknown access mode ", static_cast<int>(mode), "; use ReadOnlyMany"));
}

Status CheckMountFlag(const std::string& flag) {
  for (const std::string_view holds : {"ro", "nosuid", "nodev"}) {
    if (flag == holds) return OkStatus();
  }
  return InvalidArgument(StrCat("the mount option ", Quoted(flag),
                                " cannot be served: volumes are always mounted ro,nosuid,nodev; remove mountOptions"));
}

}  // namespace

Status CheckVolumeId(const std::string& volume_id) {
  if (volume_id.empty()) return InvalidArgument("the volume id is missing");
  if (volume_id.size() > kMaxVolumeId) {
    return InvalidArgument(StrCat("the volume id has ", volume_id.size(), " bytes, more than ", kMaxVolumeId));
  }
  if (!std::all_of(volume_id.begin(), volume_id.end(), [](char c) { return c > ' ' && c < 0x7f; })) {
    return InvalidArgument(StrCat("the volume id ", Quoted(volume_id), " has bytes that are not printable ASCII"));
  }
  return OkStatus();
}

Status CheckCapability(const VolumeCapability& capability) {
  if (capability.type == AccessType::kNone) return InvalidArgument("the volume capability is missing");
  if (capability.type == AccessType::kBlock) {
    return InvalidArgument("a model is a directory, no block device; use volumeMode: Filesystem");
  }
  RETURN_IF_ERROR(CheckMode(capability.mode));
  for (const std::string& flag : capability.mount_flags) RETURN_IF_ERROR(CheckMountFlag(flag));
  return OkStatus();
}

Result<LeaseKey> CheckTarget(const std::string& volume_id, const std::string& target_path) {
  RETURN_IF_ERROR(CheckVolumeId(volume_id));
  if (target_path.empty()) return InvalidArgument("the target path is missing");
  const auto target = NormalizedTarget(target_path);
  if (!target.ok()) return target.status().WithContext("target path");
  return LeaseKey{.volume_id = volume_id, .target_path = *target};
}

Result<PublishOrder> CheckPublish(const PublishRequest& request) {
  PublishOrder order{.readonly = request.readonly};
  ASSIGN_OR_RETURN(order.key, CheckTarget(request.volume_id, request.target_path));
  RETURN_IF_ERROR(CheckCapability(request.capability));
  if (request.has_secrets) {
    return InvalidArgument(
        "this node takes no secret with a volume: remove nodePublishSecretRef, put the token into a file on the node, "
        "and name that file as tokenFile of the model's origin in ballastd's configuration");
  }
  ASSIGN_OR_RETURN(order.context, ParseVolumeContext(request.attributes));
  return order;
}

}  // namespace ballast::driver
