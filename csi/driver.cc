#include "csi/driver.h"

#include <grpcpp/impl/service_type.h>

#include <chrono>
#include <csignal>
#include <filesystem>
#include <stop_token>
#include <thread>
#include <utility>

#include "base/logging.h"
#include "base/mutex.h"
#include "base/strings.h"
#include "base/thread.h"
#include "csi/lease_keeper.h"
#include "csi/mount/cache_mounts.h"
#include "csi/mount/linux_mounter.h"
#include "csi/node_server.h"
#include "csi/rpc_server.h"
#include "csi/services.h"
#include "csi/unix_socket.h"

namespace ballast::driver {
namespace {

constexpr std::chrono::minutes kReconcilePeriod{1};

// Compares leases and mounts at once and then every minute.
class ReconcileLoop {
 public:
  explicit ReconcileLoop(LeaseKeeper& leases)
      : thread_(StartThread([this, &leases](std::stop_token stop) { Run(leases, stop); })) {}
  ~ReconcileLoop() {
    thread_.request_stop();
    MutexLock lock(mutex_);
    wake_.NotifyAll();
  }
  ReconcileLoop(const ReconcileLoop&) = delete;
  ReconcileLoop& operator=(const ReconcileLoop&) = delete;

 private:
  void Run(LeaseKeeper& leases, const std::stop_token& stop) {
    while (!stop.stop_requested()) {
      if (const auto released = leases.Reconcile(); !released.ok()) {
        LOG(WARNING) << Message("Leases are not compared with the mounts").With("error", released.status());
      }
      Pause(stop);
    }
  }
  void Pause(const std::stop_token& stop) {
    const auto next = std::chrono::steady_clock::now() + kReconcilePeriod;
    MutexLock lock(mutex_);
    while (!stop.stop_requested() && wake_.WaitUntil(mutex_, next)) {
    }
  }

  Mutex mutex_;
  CondVar wake_;
  std::jthread thread_;  // last: it uses the others
};

void TellAboutPropagation(const std::string& kubelet_registry) {
  const auto mounts = ReadMountInfo();
  if (!mounts.ok() || kubelet_registry.empty()) return;
  const auto problem = PropagationProblem(*mounts, ParentOf(kubelet_registry));
  if (problem) LOG(WARNING) << Message("Volumes may stay invisible to pods").With("reason", *problem);
}

void TellAboutIdmap(const Mounter& mounter) {
  const Status status = mounter.CanIdmap();
  if (status.ok()) return;
  LOG(WARNING) << Message("Volumes without readOnly: true are refused on this node").With("reason", status.message());
}

}  // namespace

// In the order of construction; destroyed the other way round.
struct Driver::Impl {
  Impl(std::unique_ptr<CacheClient> c, std::unique_ptr<LinuxMounter> m) : cache(std::move(c)), mounter(std::move(m)) {}

  Status Serve(const DriverOptions& options, std::unique_ptr<grpc::Service> controller);
  Status Register(const DriverOptions& options, const std::string& csi_socket);

  RealClock clock;
  std::unique_ptr<CacheClient> cache;
  std::unique_ptr<LinuxMounter> mounter;
  KeyLocks locks;
  LeaseKeeper leases{*cache, *mounter, locks, clock};
  NodeServer node{{*cache, *mounter, locks, leases, clock}};
  mutable Mutex mutex;
  std::string refusal GUARDED_BY(mutex);
  UniqueFd lock;  // until our sockets are gone
  std::unique_ptr<RpcServer> csi;
  std::unique_ptr<RpcServer> registration;
  std::unique_ptr<ReconcileLoop> reconcile;
};

Status Driver::Impl::Serve(const DriverOptions& options, std::unique_ptr<grpc::Service> controller) {
  ASSIGN_OR_RETURN(const std::string path, SocketPath(options.endpoint));
  ASSIGN_OR_RETURN(lock, LockSocket(path));
  std::vector<std::unique_ptr<grpc::Service>> services;
  services.push_back(MakeIdentityService({.version = options.version, .controller = controller != nullptr}));
  services.push_back(MakeNodeService(node, options.node_name, clock));
  if (controller != nullptr) services.push_back(std::move(controller));
  ASSIGN_OR_RETURN(csi, RpcServer::Start(path, std::move(services)));
  return options.kubelet_registry.empty() ? OkStatus() : Register(options, path);
}

// After CSI is served: the kubelet calls it as soon as it sees this socket.
Status Driver::Impl::Register(const DriverOptions& options, const std::string& csi_socket) {
  if (!std::filesystem::is_directory(options.kubelet_registry)) {
    return FailedPrecondition(
        StrCat("no kubelet looks for plugins in ", Quoted(options.kubelet_registry),
               ": there is no such directory; name its own with --kubelet-registry (\"\": none)"));
  }
  ASSIGN_OR_RETURN(const std::string path, SocketPath(StrCat(options.kubelet_registry, "/", kDriverName, "-reg.sock")));
  std::vector<std::unique_ptr<grpc::Service>> services;
  services.push_back(MakeRegistrationService(csi_socket, [this](const std::string& words) {
    LOG(ERROR) << Message("The kubelet refused the driver").With("reason", words);
    MutexLock lock(mutex);
    refusal = words.empty() ? "the kubelet gave no reason" : words;
    ::kill(::getpid(), SIGTERM);  // main ends with an error; started again, it registers again
  }));
  ASSIGN_OR_RETURN(registration, RpcServer::Start(path, std::move(services)));
  return OkStatus();
}

Driver::Driver(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Driver::~Driver() = default;

Result<std::unique_ptr<Driver>> Driver::Start(const DriverOptions& options, std::unique_ptr<CacheClient> cache) {
  return StartWithController(options, std::move(cache), nullptr);
}

Result<std::unique_ptr<Driver>> Driver::StartWithController(const DriverOptions& options,
                                                            std::unique_ptr<CacheClient> cache,
                                                            std::unique_ptr<grpc::Service> controller) {
  if (options.node_name.empty()) return InvalidArgument("--node-name is empty");
  auto opened = LinuxMounter::Open(options.cache_dir);
  if (opened.status().code() == StatusCode::kNotFound) {
    return NotFound(
        StrCat(opened.status().message(), "; start ballastd first, or name its cache.dir with --cache-dir"));
  }
  ASSIGN_OR_RETURN(auto mounter, std::move(opened));
  TellAboutIdmap(*mounter);
  TellAboutPropagation(options.kubelet_registry);
  auto impl = std::make_unique<Impl>(std::move(cache), std::move(mounter));
  RETURN_IF_ERROR(impl->Serve(options, std::move(controller)));
  impl->reconcile = std::make_unique<ReconcileLoop>(impl->leases);
  LOG(INFO) << Message("Serving CSI")
                   .With("endpoint", options.endpoint)
                   .With("cache", options.cache_dir)
                   .With("node", options.node_name)
                   .With("version", options.version);
  return std::unique_ptr<Driver>(new Driver(std::move(impl)));
}

std::string Driver::refusal() const {
  MutexLock lock(impl_->mutex);
  return impl_->refusal;
}

}  // namespace ballast::driver
