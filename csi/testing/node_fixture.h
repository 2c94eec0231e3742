// A node server over a fake cache and a fake mounter.
#pragma once

#include <gtest/gtest.h>

#include <string>

#include "base/testing/fake_clock.h"
#include "csi/mount/testing/fake_mounter.h"
#include "csi/node_server.h"
#include "csi/testing/fake_cache.h"

namespace ballast::driver {

inline constexpr const char* kTarget = "/kubelet/pods/p1/volumes/model/mount";
inline constexpr const char* kParent = "/kubelet/pods/p1/volumes/model";
inline const LeaseKey kLease{"vol-1", kTarget};

// The cache has the model "llama"; the target's parent is there.
class NodeFixture : public testing::Test {
 protected:
  NodeFixture() {
    mounter_.AddDirectory(kParent);
    mounter_.AddView("views/a1/data");
    cache_.SetModel("llama", {});
  }

  static PublishRequest Request() {
    return {.volume_id = "vol-1",
            .target_path = kTarget,
            .capability = {.type = AccessType::kMount, .mode = AccessMode::kMultiNodeReaderOnly},
            .readonly = true,
            .attributes = {{"clusterCache", "llama"}}};
  }
  Status Publish(const PublishRequest& request = Request()) { return node_.Publish(request, {}); }
  Status Unpublish() { return node_.Unpublish("vol-1", kTarget); }
  TargetKind Kind() { return mounter_.Inspect(kTarget)->kind; }
  void Warming() {
    cache_.SetModel("llama",
                    {.reports = {{.model = "hf://o/n@main", .bytes_done = 43, .bytes_total = 100}}, .warm = false});
  }

  FakeMounter mounter_;
  FakeCache cache_;
  FakeClock clock_;
  KeyLocks locks_;
  LeaseKeeper leases_{cache_, mounter_, locks_, clock_};
  NodeServer node_{{cache_, mounter_, locks_, leases_, clock_}};
};

}  // namespace ballast::driver
