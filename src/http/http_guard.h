// Who may have a route of an HttpServer: asked for each request, and the answer may take its time.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "base/status.h"

namespace ballast {

class HttpGuard {
 public:
  // OK: the route answers. Unauthenticated is 401, PermissionDenied 403, everything else 503, with the status' text.
  using Decide = std::function<void(const Status&)>;

  // No Decide is called any more when it returns.
  virtual ~HttpGuard() = default;

  // `authorization`: the values of that header, which may come from anybody. Runs on the server's thread, which must
  // not wait. Calls `decide` once, on any thread, also before it returns.
  virtual void Ask(const std::vector<std::string>& authorization, Decide decide) = 0;
};

}  // namespace ballast
