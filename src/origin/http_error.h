// The one place where an origin's HTTP status becomes a Status with a text that tells a person what to do.
#pragma once

#include <string>

#include "base/clock.h"
#include "base/status.h"
#include "origin/http_client.h"
#include "origin/token.h"

namespace ballast {

// What was asked for, as far as the text needs it.
struct HttpContext {
  std::string origin;  // its name in the configuration: "hub"
  std::string what;    // "hf://org/name@main", "config.json of hf://org/name"
  std::string page;    // where a person accepts a gated model's terms; "" where there is none
  const TokenSource& token;
};

// The model is there for those only who were admitted on the hub's page. PermissionDenied.
Status GatedError(const HttpContext& context);

// OK for 200 and 206. Error codes of the hub: X-Error-Code and X-Error-Message (huggingface_hub utils/_http.py). 429
// and 5xx carry retry_after().
Status StatusOfAnswer(const HttpAnswer& answer, const HttpContext& context, WallTime now);

}  // namespace ballast
