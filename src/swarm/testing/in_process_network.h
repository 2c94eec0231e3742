// A control channel between nodes of one process: they can be killed, and stopped as SIGSTOP does it.
#pragma once

#include <map>
#include <memory>
#include <set>
#include <string>
#include <utility>

#include "base/mutex.h"
#include "swarm/control.h"

namespace ballast {

// Thread-safe; outlives its transports' users.
class InProcessNetwork {
 public:
  InProcessNetwork() = default;
  ~InProcessNetwork();

  // The transport that node `name` speaks with.
  std::unique_ptr<ControlTransport> TransportOf(const std::string& name);
  // From now on `name` can be reached.
  void Attach(const std::string& name, PeerService& service);
  // It cannot any more: its streams end, calls fail. Returns when nothing of the network's uses its service.
  void Kill(const std::string& name);
  // `from` does not reach `to` any more: new streams and calls fail; what is open stays.
  void Sever(const std::string& from, const std::string& to);
  // The next `calls` of `from` to `to` are refused: it does not know of this member yet.
  void RefuseNext(const std::string& from, const std::string& to, int calls);
  // It is reached, and says nothing any more.
  void Freeze(const std::string& name);

 private:
  class Stream;
  class Transport;
  struct Endpoint {
    PeerService* service;
    bool frozen = false;
    std::set<Stream*> streams;
    int calls = 0;
  };

  // Null where it is not to be reached; a call must be followed by Return().
  PeerService* Borrow(const std::string& from, const std::string& name, bool& frozen);
  void Return(const std::string& name);
  void Remove(const std::string& name, Stream* stream);
  bool Refuses(const std::string& from, const std::string& to);
  bool IsFrozen(const std::string& name);

  Mutex mutex_;
  CondVar changed_;
  std::map<std::string, Endpoint> endpoints_ GUARDED_BY(mutex_);
  std::set<std::pair<std::string, std::string>> severed_ GUARDED_BY(mutex_);  // from, to
  std::map<std::pair<std::string, std::string>, int> to_refuse_ GUARDED_BY(mutex_);
};

}  // namespace ballast
