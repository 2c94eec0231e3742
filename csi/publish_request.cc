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

// Of the Secret that nodePublishSecretRef names. Its content is in no text.
Result<std::string> TokenOf(const std::map<std::string, std::string>& secrets, const ModelOrder& order) {
  if (secrets.empty()) return std::string();
  if (order.kind != ModelOrder::Kind::kSource) {
    return InvalidArgument(
        "nodePublishSecretRef goes with the volume attribute source only: a cache has its token by its own "
        "spec.source.tokenSecretRef; remove it from the volume");
  }
  if (order.early) {
    return InvalidArgument(
        "nodePublishSecretRef does not go with publish: Early: its token is kept in memory only, and a restart of "
        "ballastd would leave the volume half-full; remove one of them, or make a cache of the model");
  }
  const auto found = secrets.find("token");
  if (found == secrets.end()) {
    return InvalidArgument("the Secret of nodePublishSecretRef has no key \"token\", which is the origin's token");
  }
  const std::string token(Trim(found->second));
  const bool word = std::all_of(token.begin(), token.end(), [](char c) { return c > ' ' && c < 0x7f; });
  if (token.empty() || !word) {
    return InvalidArgument("the key \"token\" of the Secret of nodePublishSecretRef is not one word");
  }
  return token;
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
  ASSIGN_OR_RETURN(order.context, ParseVolumeContext(request.attributes));
  ASSIGN_OR_RETURN(order.token, TokenOf(request.secrets, order.context.order));
  return order;
}

}  // namespace ballast::driver
