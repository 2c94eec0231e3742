// A small HTTP/1.1 server for probes and metrics: GET and HEAD of a few fixed paths, everything else 404 (which names
// the paths) or 405. Some paths may be for those alone whom a guard lets in.
#pragma once

#include <openssl/types.h>

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>

#include "base/status.h"
#include "http/http_guard.h"

namespace ballast {

struct HttpReply {
  int code = 200;
  std::string content_type = "text/plain; charset=utf-8";
  std::string body;
};

struct HttpServerOptions {
  std::string address;       // "127.0.0.1:9420", "[::1]:9420"; port 0 takes a free one
  int max_connections = 64;  // a further one is closed at once
  int timeout_seconds = 10;  // for a request to arrive and for its answer to be taken
};

// What is not for everybody.
struct HttpAccess {
  std::set<std::string> guarded;     // paths
  std::unique_ptr<HttpGuard> guard;  // of them
  // Where it is set, the port speaks TLS beside plain HTTP, and a guarded path is answered over TLS alone: what a guard
  // looks at is a secret. It returns null while there is no certificate: who begins TLS is cut off then. Runs on the
  // server's thread.
  std::function<std::shared_ptr<SSL_CTX>()> tls;
};

// One thread serves all connections; routes run on it, one at a time, and must not block. The destructor stops, the
// guard as well.
class HttpServer {
 public:
  using Route = std::function<HttpReply()>;
  using Routes = std::map<std::string, Route>;

  // InvalidArgument for an address that is none; Unavailable or PermissionDenied where it can't be listened on.
  static Result<std::unique_ptr<HttpServer>> Start(const HttpServerOptions& options, Routes routes,
                                                   HttpAccess access = {});
  ~HttpServer();
  HttpServer(const HttpServer&) = delete;
  HttpServer& operator=(const HttpServer&) = delete;

  uint16_t port() const;

 private:
  struct Impl;
  explicit HttpServer(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

// "127.0.0.1:9420" and "[::1]:9420" into host and port. InvalidArgument shows the right form.
struct HostPort {
  std::string host;
  uint16_t port = 0;
  friend bool operator==(const HostPort&, const HostPort&) = default;
};
Result<HostPort> ParseListenAddress(const std::string& text);

}  // namespace ballast
