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
// Adds those that belong to no model.
void AddOrphans(const BlobStore& store, std::map<Digest, BlobToVerify>& blobs);

class VerifyCall final : public UpdateStream<cache::v1::VerifyUpdate> {
 public:
  VerifyCall(CacheCore& core, const cache::v1::VerifyRequest& request)
      : core_(core), model_(request.model()), deep_(request.deep()) {}

  void Run(const std::stop_token& stop);  // blocking; ends the call
  void OnCancel() override { cancelled_ = true; }

 private:
  Status WhyToEnd(const std::stop_token& stop) const;
  Status ReadBlobs(const std::map<Digest, BlobToVerify>& blobs, cache::v1::VerifyUpdate& update,
                   const std::stop_token& stop);
  Status VerifyModels(cache::v1::VerifyUpdate& update, const std::stop_token& stop);
  Status VerifyDeep(cache::v1::VerifyUpdate& update, const std::stop_token& stop);

  CacheCore& core_;
  const std::string model_;
  const bool deep_;
  std::atomic<bool> cancelled_ = false;
};

}  // namespace ballast
