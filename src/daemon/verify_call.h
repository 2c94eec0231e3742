// One Verify call: reads blobs and compares them with their digests.
#pragma once

#include <atomic>
#include <map>
#include <vector>

#include "daemon/cache_core.h"
#include "daemon/update_stream.h"
#include "proto/cache.grpc.pb.h"

namespace ballast {

// A blob to read, and whose it is.
struct BlobToVerify {
  uint64_t size = 0;
  std::vector<std::string> models;
  std::vector<std::string> paths;
};
std::map<Digest, BlobToVerify> BlobsToVerify(const NodeView& node, const std::vector<Digest>& manifests);

class VerifyCall final : public UpdateStream<cache::v1::VerifyUpdate> {
 public:
  VerifyCall(CacheCore& core, std::string model) : core_(core), model_(std::move(model)) {}

  void Run(const std::stop_token& stop);  // blocking; ends the call
  void OnCancel() override { cancelled_ = true; }

 private:
  Status WhyToEnd(const std::stop_token& stop) const;

  CacheCore& core_;
  const std::string model_;
  std::atomic<bool> cancelled_ = false;
};

}  // namespace ballast
