// TLS of tests: it shows what it is told to show, and believes everybody.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "identity/credentials.h"
#include "identity/openssl_ptr.h"

namespace ballast {

// `method`: TLS_client_method(), TLS_server_method().
SslContextPtr ContextThatShows(const SSL_METHOD* method, const std::optional<Credentials>& shows);

// What the other end of a connected socket answers to `request`, up to the end or the last of `most` bytes; "": it does
// not speak TLS, or refuses us.
std::string AskOverTls(int socket, const std::optional<Credentials>& shows, std::string_view request,
                       size_t most = SIZE_MAX);

}  // namespace ballast
