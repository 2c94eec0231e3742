// One request to the apiserver and its answer. cpprestsdk's tasks, streams and exceptions stop here.
#pragma once

#include <memory>
#include <stop_token>
#include <string>

#include "base/clock.h"
#include "base/status.h"
#include "kube/kube_access.h"

namespace ballast {

struct RestRequest {
  std::string method;        // "GET"
  std::string target;        // path and query, percent-encoded
  std::string content_type;  // of a body
  std::string body;          // "": none
  std::string token;         // "": none
  std::string user_agent;
};

struct RestHead {
  int code = 0;
  std::string retry_after;  // the header, as it came
};

// The connections to one server, kept and used again. Thread-safe.
class RestConnections {
 public:
  // InvalidArgument: CheckAccess(). A connection that stays silent for longer than `idle` while something is expected
  // of it is given up.
  static Result<std::shared_ptr<RestConnections>> Create(const KubeAccess& access, Duration idle);
  virtual ~RestConnections() = default;

 protected:
  RestConnections() = default;
};

// Not thread-safe. Each wait ends with Cancelled as soon as `stop` is requested, and with DeadlineExceeded at
// `deadline`; what goes on in the library then ends behind our back, and its connection is closed.
class RestExchange {
 public:
  RestExchange(std::shared_ptr<RestConnections> connections, std::stop_token stop);
  ~RestExchange();
  RestExchange(const RestExchange&) = delete;
  RestExchange& operator=(const RestExchange&) = delete;

  // Sends the request and waits for the answer's head. Unavailable: no connection, no TLS, no HTTP.
  Result<RestHead> Start(const RestRequest& request, SteadyTime deadline);
  // The next bytes of the body as they come; "" at its end. Unavailable: it broke.
  Result<std::string> Read(SteadyTime deadline);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace ballast
