// Which certificate is shown now.
#pragma once

#include <functional>
#include <memory>

#include "identity/tls_context.h"

namespace ballast {

// Thread-safe. The context for connections that begin now; another object after certificates were reloaded; null while
// there is none.
using TlsProvider = std::function<std::shared_ptr<const TlsContext>()>;

}  // namespace ballast
