// One libcurl handle with its connections: sends one request at a time, to one URL, and follows nothing.
#pragma once

#include <functional>
#include <memory>
#include <stop_token>
#include <string>

#include "base/status.h"
#include "origin/http_client.h"
#include "origin/root_certificates.h"

namespace ballast {

struct HttpHop {
  Url url;
  bool head = false;
  std::string token;  // "" for none
  std::optional<ByteRange> range;
  std::string proxy;          // "" for a direct connection
  TrustStore roots;           // null: https:// is not asked for
  bool connect_only = false;  // nothing is asked; OK once there is a connection
};

struct HttpHopSinks {
  std::function<Status(int status, const HttpHeaders& headers)> on_head;
  ByteSink on_body;
};

// Not thread-safe; connections to the last few hosts stay open between Run()s.
class HttpSession {
 public:
  explicit HttpSession(const HttpOptions& options);
  ~HttpSession();

  // Errors as HttpClient's.
  Status Run(const HttpHop& hop, const HttpHopSinks& sinks, const std::stop_token& stop);

 private:
  class Transfer;
  struct Handles;
  const HttpOptions& options_;
  std::unique_ptr<Handles> handles_;
};

}  // namespace ballast
