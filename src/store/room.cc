#include "store/room.h"

#include "base/strings.h"

namespace ballast {
namespace {

// a - b, but never below zero
uint64_t Less(uint64_t a, uint64_t b) { return a > b ? a - b : 0; }

}  // namespace

Status CheckRoom(const Room& room, uint64_t bytes) {
  if (room.quota != 0 && bytes > room.quota) {
    return FailedPrecondition(StrCat("needs ", FormatBytes(bytes), ", this node's quota is ", FormatBytes(room.quota),
                                     "; raise the quota or use a node with a larger one"));
  }
  if (bytes > Less(room.total, room.min_available)) {
    return FailedPrecondition(StrCat("needs ", FormatBytes(bytes), ", the whole disk has ", FormatBytes(room.total),
                                     " of which ", FormatBytes(room.min_available),
                                     " must stay free; use a node with a larger disk"));
  }
  const uint64_t quota_left = Less(Less(room.quota, room.used), room.reserved);
  if (room.quota != 0 && bytes > quota_left) {
    return ResourceExhausted(StrCat("needs ", FormatBytes(bytes), ", ", FormatBytes(quota_left),
                                    " are left of the quota of ", FormatBytes(room.quota),
                                    "; remove a model that is not needed or raise the quota"));
  }
  const uint64_t disk_left = Less(Less(room.available, room.reserved), room.min_available);
  if (bytes > disk_left) {
    return ResourceExhausted(StrCat("needs ", FormatBytes(bytes), ", ", FormatBytes(disk_left),
                                    " can be used on the disk (", FormatBytes(room.available), " are free, ",
                                    FormatBytes(room.reserved), " promised to other downloads, ",
                                    FormatBytes(room.min_available), " must stay free); make room on the disk"));
  }
  return OkStatus();
}

}  // namespace ballast
