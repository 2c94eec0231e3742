// Several daemons in one process, one swarm on loopback: real stores, real TLS, one origin in memory that can be off.
#pragma once

#include <gtest/gtest.h>

#include <atomic>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/testing/temp_dir.h"
#include "daemon/daemon.h"
#include "origin/testing/fake_origin.h"
#include "proto/cache.grpc.pb.h"
#include "swarm/testing/test_cluster.h"

namespace ballast {

// A FakeOrigin that can be switched off and on.
class SwitchedOrigin final : public Origin {
 public:
  FakeOrigin& real() { return real_; }
  void TurnOff() { off_ = true; }
  void TurnOn() { off_ = false; }
  // It says what there is, and gives nobody anything.
  void RefuseReads() { refuses_ = true; }
  int refused() const { return refused_; }

  Result<ResolvedModel> Resolve(const ModelRef& ref, const PathFilter& filter, std::stop_token stop) override {
    if (off_) return Unavailable("the hub is off");
    return real_.Resolve(ref, filter, std::move(stop));
  }
  Status Read(const ResolvedModel& model, const RemoteFile& file, ByteRange range, const ByteSink& sink,
              std::stop_token stop) override {
    if (off_) return Unavailable("the hub is off");
    if (refuses_) {
      ++refused_;
      return PermissionDenied("you have not been admitted");
    }
    return real_.Read(model, file, range, sink, std::move(stop));
  }
  Status Reach(const ModelRef& /*ref*/, Duration /*patience*/, std::stop_token /*stop*/) override {
    return off_ ? Unavailable("the hub is off") : OkStatus();
  }

 private:
  FakeOrigin real_;
  std::atomic<bool> off_ = false;
  std::atomic<bool> refuses_ = false;
  std::atomic<int> refused_ = 0;
};

// One daemon and a client of its local API.
struct SwarmDaemon {
  std::string name;
  DaemonConfig config;
  Pace* pace = nullptr;  // of its limits
  std::unique_ptr<Daemon> daemon;
  std::unique_ptr<cache::v1::Cache::Stub> stub;

  struct Pulled {
    grpc::Status status;
    cache::v1::Ready ready;
  };
  Pulled Pull(const std::string& source) const;
  cache::v1::StatusResponse GetStatus() const;
  cache::v1::ModelTransfers Transfers(const std::string& model) const;
  std::string Content(const std::string& view, const std::string& path) const;
  std::string Get(const std::string& target) const;  // of its HTTP port
  void Kill();
};

// The origin holds hf://org/a: config.json and model.safetensors, 12 MiB.
class SwarmFixture : public ::testing::Test {
 protected:
  SwarmFixture();

  // Daemons n1..n<count>, each with a certificate, all members of one swarm.
  void Start(int count);
  // A further one, and all others know it.
  SwarmDaemon& Add();
  // Without its certificate.
  SwarmDaemon& AddWithoutCertificate();
  // One that was killed; at other ports.
  void Restart(SwarmDaemon& node);
  void IssueCertificate(const std::string& node) const;
  // Each pulls the model at the same time; all of them have it then.
  void AllPull(const std::function<void()>& meanwhile = [] {});
  void ExpectWhole(const SwarmDaemon& node, const SwarmDaemon::Pulled& pulled) const;
  void TellMembers() const;
  static void WaitUntil(const std::function<bool()>& condition);

  const TempDir root_;
  RealClock clock_;
  const TestCluster cluster_{clock_.Now()};
  const std::string weights_;
  SwitchedOrigin origin_;
  std::vector<std::unique_ptr<SwarmDaemon>> nodes_;
  // Where others believe that nodes are; 0: where they are.
  struct Ports {
    uint16_t control = 0;
    uint16_t data = 0;
  };
  std::map<std::string, Ports> said_ports_;
  // Called for each node before it starts.
  std::function<void(SwarmDaemon&)> configure_ = [](SwarmDaemon&) {};

 private:
  SwarmDaemon& StartOne();
  void StartDaemon(SwarmDaemon& node);
};

}  // namespace ballast
