// Somebody who listens where a node of the swarm should be.
#pragma once

#include <atomic>
#include <cstdint>
#include <optional>
#include <thread>

#include "base/unique_fd.h"
#include "identity/credentials.h"

namespace ballast {

// Takes every connection, shows its certificate, checks nothing, hears what it is asked, and answers nothing. It speaks
// TLS as control ports (HTTP/2 by ALPN) and data ports do.
class Impostor {
 public:
  // Without credentials it speaks no TLS.
  explicit Impostor(std::optional<Credentials> shows);
  ~Impostor();
  Impostor(const Impostor&) = delete;
  Impostor& operator=(const Impostor&) = delete;

  uint16_t port() const;
  int connections() const { return connections_; }
  // Of them: whoever it was took the impostor for the node, and asked something.
  int asked() const { return asked_; }

 private:
  void Run(const std::stop_token& stop);
  bool IsAsked(int connection) const;

  const std::optional<Credentials> shows_;
  const UniqueFd listening_;
  std::atomic<int> connections_ = 0;
  std::atomic<int> asked_ = 0;
  std::jthread thread_;
};

}  // namespace ballast
