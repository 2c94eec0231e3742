// How OpenSSL reads and writes our sockets: as its own socket BIO does, but without SIGPIPE, which its write() raises.
#pragma once

#include <openssl/types.h>

#include "base/status.h"

namespace ballast {

// The socket stays the caller's, and must outlive `ssl`.
Status BindQuietly(SSL* ssl, int socket);

}  // namespace ballast
