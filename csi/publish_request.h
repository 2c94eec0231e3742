// A NodePublishVolume call as a value, and what is wrong with it by itself. Pure.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/status.h"
#include "csi/volume_context.h"

namespace ballast::driver {

enum class AccessType : uint8_t { kNone, kBlock, kMount };

// Numbers of the protocol's VolumeCapability.AccessMode.Mode.
enum class AccessMode : int {
  kUnknown = 0,
  kSingleNodeWriter = 1,
  kSingleNodeReaderOnly = 2,
  kMultiNodeReaderOnly = 3,
  kMultiNodeSingleWriter = 4,
  kMultiNodeMultiWriter = 5,
  kSingleNodeSingleWriter = 6,
  kSingleNodeMultiWriter = 7,
};

struct VolumeCapability {
  AccessType type = AccessType::kNone;
  AccessMode mode = AccessMode::kUnknown;
  std::vector<std::string> mount_flags;
};

struct PublishRequest {
  std::string volume_id;
  std::string target_path;
  VolumeCapability capability;
  bool readonly = false;
  std::map<std::string, std::string> secrets;
  std::map<std::string, std::string> attributes;
};

// One publish that makes sense.
struct PublishOrder {
  LeaseKey key;  // target_path as NormalizedTarget spells it
  VolumeContext context;
  std::string token;  // "" = none came with the volume; in no log
  bool readonly = false;
};

// 1-128 printable bytes (no space).
Status CheckVolumeId(const std::string& volume_id);

// Read-only access modes and ReadWriteOnce pass (always served read-only); ReadWriteMany, ReadWriteOncePod and Block
// are InvalidArgument with the mode to use. A file system type has no meaning here and is passed over; of mount options
// only those that hold anyway (ro, nosuid, nodev).
Status CheckCapability(const VolumeCapability& capability);

// Id and target alone: what every call on a volume's target needs.
Result<LeaseKey> CheckTarget(const std::string& volume_id, const std::string& target_path);

Result<PublishOrder> CheckPublish(const PublishRequest& request);

}  // namespace ballast::driver
