// One Warm call: reads a model's files into memory, ahead of the pod that will need them.
#pragma once

#include <atomic>
#include <string>
#include <vector>

#include "daemon/cache_core.h"
#include "daemon/update_stream.h"
#include "proto/cache.grpc.pb.h"

namespace ballast {

// Each blob of the models once, in the order of their files.
std::vector<Digest> BlobsToWarm(const std::vector<StoredModel>& models, const std::vector<Digest>& manifests);

class WarmCall final : public UpdateStream<cache::v1::WarmUpdate> {
 public:
  WarmCall(CacheCore& core, std::string model) : core_(core), model_(std::move(model)) {}

  void Run(const std::stop_token& stop);  // blocking; ends the call
  void OnCancel() override { cancelled_ = true; }

 private:
  Result<cache::v1::WarmUpdate> Warm(const std::stop_token& stop);
  Status Read(const Digest& blob, cache::v1::WarmUpdate& update, const std::stop_token& stop);
  Result<uint64_t> HeldBytes(const std::vector<Digest>& blobs);
  Status WhyToEnd(const std::stop_token& stop) const;

  CacheCore& core_;
  const std::string model_;
  std::atomic<bool> cancelled_ = false;
};

}  // namespace ballast
