// A node's cache in memory with the lease rules of the real one. Thread-safe.
#pragma once

#include <functional>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "base/mutex.h"
#include "csi/cache_client.h"

namespace ballast::driver {

class FakeCache final : public CacheClient {
 public:
  struct Model {
    std::string view = "views/a1/data";
    std::vector<WarmProgress> reports;  // sent before the outcome
    Status error;                       // the outcome, where it is not OK
    bool warm = true;                   // false: the deadline passes while it warms
  };

  void SetModel(const std::string& name, Model model);
  // For every name that SetModel was not told.
  void SetAnyModel(Model model);
  // false: nobody listens on the socket.
  void SetUp(bool up);
  // Runs in each Prepare, after the lease is written and without the fake's lock.
  void OnPrepare(std::function<void()> hook);
  void AddLease(const LeaseKey& lease);

  std::vector<LeaseKey> leases() const;
  std::vector<PrepareCall> prepares() const;

  Result<ReadyView> Prepare(const PrepareCall& call) override;
  Status Release(const LeaseKey& lease) override;
  Result<std::vector<LeaseKey>> ListLeases() override;

 private:
  Result<Model> Begin(const PrepareCall& call);
  Status Fail(const PrepareCall& call, Status error);

  mutable Mutex mutex_;
  bool up_ GUARDED_BY(mutex_) = true;
  std::map<std::string, Model> models_ GUARDED_BY(mutex_);
  std::vector<Model> any_ GUARDED_BY(mutex_);  // none or one
  std::set<LeaseKey> leases_ GUARDED_BY(mutex_);
  std::vector<PrepareCall> prepares_ GUARDED_BY(mutex_);
  std::function<void()> hook_ GUARDED_BY(mutex_);
};

}  // namespace ballast::driver
