// A name service that knows one name, and says of it what a test told it last.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "base/mutex.h"
#include "swarm/name_lookup.h"

namespace ballast {

// Thread-safe. Before Answer() it does not answer. Asked for another name or family, it has no such record.
class FakeNameLookup final : public NameLookup {
 public:
  FakeNameLookup(std::string name, AddressFamily family) : name_(std::move(name)), family_(family) {}

  void Answer(Result<std::vector<std::string>> answer) {
    MutexLock lock(mutex_);
    answer_ = std::move(answer);
  }

  Result<std::vector<std::string>> Addresses(const std::string& name, AddressFamily family) override {
    MutexLock lock(mutex_);
    ++calls_;
    called_.NotifyAll();
    if (name != name_ || family != family_) return NotFound("no such record");
    return answer_;
  }

  // Returns when `calls` more have begun.
  void WaitForCalls(int calls) {
    MutexLock lock(mutex_);
    const int until = calls_ + calls;
    while (calls_ < until) called_.Wait(mutex_);
  }

 private:
  const std::string name_;
  const AddressFamily family_;
  Mutex mutex_;
  CondVar called_;
  int calls_ GUARDED_BY(mutex_) = 0;
  Result<std::vector<std::string>> answer_ GUARDED_BY(mutex_) = Unavailable("no name server answered");
};

}  // namespace ballast
