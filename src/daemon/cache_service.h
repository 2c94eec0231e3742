// The local API (proto/cache.proto) over the parts of the daemon.
#pragma once

#include <atomic>

#include "base/worker_pool.h"
#include "daemon/cache_core.h"
#include "proto/cache.grpc.pb.h"

namespace ballast {

// Thread-safe. Shut the server down before it is destroyed.
class CacheService final : public cache::v1::Cache::CallbackService {
 public:
  explicit CacheService(CacheCore& core);

  grpc::ServerWriteReactor<cache::v1::PrepareUpdate>* Prepare(grpc::CallbackServerContext* context,
                                                              const cache::v1::PrepareRequest* request) override;
  grpc::ServerUnaryReactor* Release(grpc::CallbackServerContext* context, const cache::v1::ReleaseRequest* request,
                                    cache::v1::ReleaseResponse* response) override;
  grpc::ServerUnaryReactor* ListLeases(grpc::CallbackServerContext* context,
                                       const cache::v1::ListLeasesRequest* request,
                                       cache::v1::ListLeasesResponse* response) override;
  grpc::ServerUnaryReactor* List(grpc::CallbackServerContext* context, const cache::v1::ListRequest* request,
                                 cache::v1::ListResponse* response) override;
  grpc::ServerWriteReactor<cache::v1::VerifyUpdate>* Verify(grpc::CallbackServerContext* context,
                                                            const cache::v1::VerifyRequest* request) override;
  grpc::ServerWriteReactor<cache::v1::WarmUpdate>* Warm(grpc::CallbackServerContext* context,
                                                        const cache::v1::WarmRequest* request) override;
  grpc::ServerUnaryReactor* Remove(grpc::CallbackServerContext* context, const cache::v1::RemoveRequest* request,
                                   cache::v1::RemoveResponse* response) override;
  grpc::ServerUnaryReactor* CollectGarbage(grpc::CallbackServerContext* context,
                                           const cache::v1::CollectGarbageRequest* request,
                                           cache::v1::CollectGarbageResponse* response) override;
  grpc::ServerUnaryReactor* ModelStatus(grpc::CallbackServerContext* context,
                                        const cache::v1::ModelStatusRequest* request,
                                        cache::v1::ModelStatusResponse* response) override;
  grpc::ServerUnaryReactor* Status(grpc::CallbackServerContext* context, const cache::v1::StatusRequest* request,
                                   cache::v1::StatusResponse* response) override;

 private:
  CacheCore& core_;
  WorkerPool pool_{"calls", 8};
  WorkerPool reading_pool_{"reading", 2};
};

}  // namespace ballast
