#include "daemon/testing/raw_tls.h"

#include <openssl/err.h>

#include <algorithm>
#include <array>
#include <csignal>

#include "base/check.h"
#include "identity/pem.h"

namespace ballast {

SslContextPtr ContextThatShows(const SSL_METHOD* method, const std::optional<Credentials>& shows) {
  std::signal(SIGPIPE, SIG_IGN);  // OpenSSL also writes to who has hung up
  SslContextPtr context(SSL_CTX_new(method));
  if (!shows) return context;
  const auto chain = ParseCertificates(shows->certificate);
  const auto key = ParseKey(shows->key);
  BALLAST_CHECK(chain.ok() && key.ok());
  BALLAST_CHECK(SSL_CTX_use_certificate(context.get(), chain->front().get()) == 1);
  BALLAST_CHECK(SSL_CTX_use_PrivateKey(context.get(), key->get()) == 1);
  return context;
}

std::string AskOverTls(int socket, const std::optional<Credentials>& shows, std::string_view request, size_t most) {
  const SslContextPtr context = ContextThatShows(TLS_client_method(), shows);
  const SslPtr ssl(SSL_new(context.get()));
  SSL_set_fd(ssl.get(), socket);
  std::string answer;
  std::array<char, 4096> block{};
  // In TLS 1.3 a refusal comes after the client's handshake.
  if (SSL_connect(ssl.get()) == 1 && SSL_write(ssl.get(), request.data(), static_cast<int>(request.size())) > 0) {
    while (answer.size() < most) {
      const int got = SSL_read(ssl.get(), block.data(), static_cast<int>(std::min(block.size(), most - answer.size())));
      if (got <= 0) break;
      answer.append(block.data(), static_cast<size_t>(got));
    }
  }
  ERR_clear_error();
  return answer;
}

}  // namespace ballast
