// An HTTP proxy for tests: CONNECT only, on loopback.
#pragma once

#include <memory>
#include <string>
#include <vector>

namespace ballast {

// Thread-safe. Destroying it cuts what goes through it.
class ConnectProxy {
 public:
  // Refuses each CONNECT with `refuse_with`, unless it is 0.
  explicit ConnectProxy(int refuse_with = 0);
  ~ConnectProxy();

  std::string url() const;  // "http://127.0.0.1:40125"
  // "host:port" of each CONNECT so far.
  std::vector<std::string> targets() const;
  // The heads of these requests, for what must not be in them.
  std::string heads() const;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace ballast
