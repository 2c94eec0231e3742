// The whole daemon in one process: real store, real gRPC over its socket, an origin in memory.
#pragma once

#include <grpcpp/grpcpp.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "daemon/daemon.h"
#include "origin/testing/fake_origin.h"
#include "proto/cache.grpc.pb.h"

namespace ballast {

constexpr uint64_t kMiB = 1 << 20;

// Bytes that do not compress to one another, the same for the same seed.
std::string Weights(uint64_t size, uint32_t seed = 1);

// How one Prepare ended.
struct Prepared {
  grpc::Status status;
  cache::v1::Ready ready;
  std::vector<cache::v1::Progress> progress;
};

// The origin holds hf://org/a: config.json and model.safetensors, 5 MiB.
class ServiceFixture : public ::testing::Test {
 protected:
  ServiceFixture();
  ~ServiceFixture() override;
  // Before the members of a derived fixture go: the daemon may be reading from an origin among them.
  void TearDown() override { Stop(); }

  Result<std::unique_ptr<Daemon>> TryStart();
  void Start();
  void Stop() { daemon_.reset(); }

  static cache::v1::PrepareRequest Volume(const std::string& source, const std::string& id,
                                          cache::v1::Layout layout = cache::v1::PLAIN);
  static cache::v1::PrepareRequest Pull(const std::string& source);

  Prepared Prepare(const cache::v1::PrepareRequest& request);
  std::vector<cache::v1::Lease> Leases();
  std::vector<cache::v1::Model> List();
  grpc::Status Remove(const std::string& model, cache::v1::RemoveResponse* response = nullptr);
  cache::v1::StatusResponse GetStatus();
  cache::v1::CollectGarbageResponse CollectGarbage(bool dry_run = false);
  grpc::Status Release(const std::string& id);
  cache::v1::VerifyUpdate Verify(const std::string& model, bool deep = false);
  grpc::Status Warm(const std::string& model, cache::v1::WarmUpdate* last);

  std::string Content(const std::string& view, const std::string& path) const;
  // In a stored blob, behind the daemon's back.
  void FlipABit(const Digest& blob) const;
  // A ClusterModelCache in the manifests folder.
  void WriteCache(const std::string& name, const std::string& spec) const;
  // Polls the daemon's own answers: each is a call, so the loop is bounded by the test's timeout, not by a clock.
  static void WaitUntil(const std::function<bool()>& condition);

  std::filesystem::path root_;
  const std::string weights_ = Weights(5 * kMiB);
  RealClock clock_;
  FakeOrigin origin_;
  std::string commit_;
  DaemonConfig config_;
  ModelManager::Options jobs_;
  Pace* pace_ = nullptr;                      // of its limits
  Daemon::Setup setup_;                       // what else it is started with
  std::map<std::string, Origin*> origin_of_;  // by domain; origin_ for all others
  std::unique_ptr<Daemon> daemon_;
  std::unique_ptr<cache::v1::Cache::Stub> stub_;
};

}  // namespace ballast
