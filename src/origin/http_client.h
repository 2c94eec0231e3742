// HTTP for origins: GET and HEAD over pooled keep-alive connections, redirects that are checked hop by hop, a body that
// streams to a sink. libcurl does the protocol and stays behind this header.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>

#include "api/origin_config.h"
#include "base/stall_watch.h"
#include "base/status.h"
#include "core/piece_map.h"
#include "origin/http_headers.h"
#include "origin/origin.h"
#include "origin/url.h"

namespace ballast {

struct HttpOptions {
  bool allow_private_addresses = false;
  std::string ca_bundle;  // PEM file, added to the system's roots; read again when it changes
  ProxyConfig proxy;
  int max_connections = 8;  // of Stream() calls at once; one more waits
  std::chrono::milliseconds connect_timeout = std::chrono::seconds(15);
  StallLimits stall;
  size_t max_header_bytes = size_t{64} * 1024;
  int max_redirects = 10;
  std::function<void(int status, uint64_t body_bytes)> on_answer;  // after each hop, for metrics; thread-safe
};

struct HttpRequest {
  Url url;
  bool head = false;
  std::string token;  // sent as a bearer token to the origin of `url` alone; never after a redirect has left it
  std::optional<ByteRange> range;
};

// The head of an answer that is no redirect.
struct HttpAnswer {
  int status = 0;
  HttpHeaders headers;
  Url url;                       // the one that answered
  bool redirected = false;       // it is not the one that was asked
  HttpHeaders redirect_headers;  // of the last hop on the asked origin, where the hub says what it redirects to
};

struct HttpText {
  HttpAnswer head;
  std::string body;
};

// Told the head before any byte of the body. An error ends the request with that error.
using HttpHeadSink = std::function<Status(const HttpAnswer&)>;

// Thread-safe. Requests run on their callers' threads.
//
// Errors: Unavailable (no connection, cut, stalled, redirect loop, no HTTP), Unauthenticated (the server's certificate
// is not to be trusted), PermissionDenied (an address or a redirect that is refused), DataLoss (a body encoded although
// identity was asked, or one larger than allowed), InvalidArgument (a URL or CA file that is unusable), Cancelled.
// Status codes of HTTP are no errors here.
class HttpClient {
 public:
  explicit HttpClient(HttpOptions options);
  ~HttpClient();

  Status Stream(const HttpRequest& request, const HttpHeadSink& on_head, const ByteSink& on_body, std::stop_token stop);
  // The whole body in memory, at most `max_bytes`; only its first 64 KiB where the status is an error. Does not wait
  // for one of the max_connections.
  Result<HttpText> GetText(const HttpRequest& request, size_t max_bytes, std::stop_token stop);
  // Connects anew, TLS and proxy included, and asks nothing; Unavailable where that takes longer than `patience`. Does
  // not wait for a place, either, and counts as no request.
  Status Reach(const Url& url, std::chrono::milliseconds patience, const std::stop_token& stop);

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace ballast
