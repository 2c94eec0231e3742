// The one place where OpenSSL's error queue becomes a Status.
#pragma once

#include <string>
#include <string_view>

#include "base/status.h"

namespace ballast {

// The reasons that this thread's queue holds, "no start line; bad base64 decode", which is empty afterwards. "" for
// none.
std::string TakeOpenSslReasons();

// "what: the library's reasons", and takes them off the queue.
Status OpenSslStatus(std::string_view what, StatusCode code = StatusCode::kInternal);

}  // namespace ballast
