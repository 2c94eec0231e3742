// ballastd as an object: everything wired, started and stopped in order. main() gives it the world.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "base/clock.h"
#include "base/status.h"
#include "daemon/cluster/operator_client.h"
#include "daemon/config.h"
#include "daemon/downloader.h"
#include "daemon/metered_source.h"
#include "daemon/model_manager.h"

namespace ballast {

class KubeClient;

class Daemon {
 public:
  struct Setup {
    DaemonConfig config;
    std::string version;
    OriginFinder origins;  // empty: those of the configuration
    ModelManager::Options jobs;
    Duration upkeep = std::chrono::seconds(2);         // how often certificates and members of the swarm are looked at
    Duration enter_within = std::chrono::seconds(30);  // in Kubernetes, after a start, before downloads do without it
    Duration disk_look = std::chrono::seconds(10);     // how often it is looked whether the disk is too full
    Pace* pace = nullptr;                              // of the limits; null: the clock's. Outlives the daemon
    KubeClient* kube = nullptr;                        // needed with config.kubernetes. Outlives the daemon
    MakeOperatorClient operator_client = MakeGrpcOperatorClient;
  };

  // Ready when it returns. Errors name the key of the configuration that would cure them: a second instance, a cache
  // folder that others can write, an address or socket that is taken.
  static Result<std::unique_ptr<Daemon>> Start(Setup setup, const Clock& clock);
  // Stops: downloads end (their journals keep what is here), waiting calls are told, the socket goes.
  ~Daemon();
  Daemon(const Daemon&) = delete;
  Daemon& operator=(const Daemon&) = delete;

  uint16_t http_port() const;     // 0 = no HTTP
  uint16_t control_port() const;  // 0 = no swarm, also below
  uint16_t data_port() const;

 private:
  struct Parts;
  explicit Daemon(std::unique_ptr<Parts> parts);
  std::unique_ptr<Parts> parts_;
};

}  // namespace ballast
