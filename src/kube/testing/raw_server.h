// A server that says whatever a test wants, whether it is HTTP or not.
#pragma once

#include <functional>
#include <stop_token>
#include <string>
#include <string_view>
#include <thread>

#include "base/mutex.h"
#include "base/unique_fd.h"

namespace ballast {

// One connection at a time, on a port of 127.0.0.1 that the kernel chooses. Sends `answer` after the first bytes of a
// request and closes; with `hold` it stays open, silent, until the destructor.
class RawServer {
 public:
  explicit RawServer(std::string answer, bool hold = false);
  ~RawServer();

  // "http://127.0.0.1:4711"
  std::string url() const;
  // Blocks until a request has come.
  std::string AwaitRequest();

 private:
  void Serve(const std::stop_token& stop);
  void Answer(int connection, const std::stop_token& stop);

  const std::string answer_;
  const bool hold_;
  UniqueFd listener_;
  UniqueFd wake_;  // an eventfd
  int port_ = 0;
  Mutex mutex_;
  CondVar changed_;
  std::string request_ GUARDED_BY(mutex_);
  std::jthread thread_;
};

}  // namespace ballast
