#include "daemon/testing/impostor.h"

#include <fcntl.h>
#include <openssl/err.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/time.h>

#include <utility>

#include "daemon/testing/raw_tls.h"
#include "swarm/tcp.h"

namespace ballast {
namespace {

constexpr unsigned char kTlsHandshake = 0x16;  // RFC 8446, 5.1: the first byte of a ClientHello
constexpr timeval kPatience{60, 0};            // then the test is wrong

int SelectHttp2(SSL* /*ssl*/, const unsigned char** out, unsigned char* length, const unsigned char* offered,
                unsigned offered_length, void* /*argument*/) {
  static constexpr unsigned char kHttp2[] = {2, 'h', '2'};
  unsigned char* selected = nullptr;
  const int found = SSL_select_next_proto(&selected, length, kHttp2, sizeof kHttp2, offered, offered_length);
  *out = selected;
  return found == OPENSSL_NPN_NEGOTIATED ? SSL_TLSEXT_ERR_OK : SSL_TLSEXT_ERR_NOACK;
}

}  // namespace

Impostor::Impostor(std::optional<Credentials> shows)
    : shows_(std::move(shows)), listening_(ListenTcp("127.0.0.1", 0).value()) {
  thread_ = std::jthread([this](const std::stop_token& stop) { Run(stop); });
}

Impostor::~Impostor() {
  thread_.request_stop();
  ::shutdown(listening_.get(), SHUT_RDWR);  // wakes poll()
}

uint16_t Impostor::port() const { return LocalPort(listening_.get()); }

void Impostor::Run(const std::stop_token& stop) {
  while (!stop.stop_requested()) {
    pollfd ready{.fd = listening_.get(), .events = POLLIN, .revents = 0};
    ::poll(&ready, 1, -1);
    const UniqueFd connection(::accept4(listening_.get(), nullptr, nullptr, SOCK_CLOEXEC));
    if (!connection.valid()) continue;
    ::setsockopt(connection.get(), SOL_SOCKET, SO_RCVTIMEO, &kPatience, sizeof kPatience);
    if (IsAsked(connection.get())) ++asked_;
    ++connections_;
  }
}

bool Impostor::IsAsked(int connection) const {
  char byte = 0;
  if (!shows_) return ::recv(connection, &byte, 1, 0) == 1 && static_cast<unsigned char>(byte) != kTlsHandshake;
  const SslContextPtr context = ContextThatShows(TLS_server_method(), shows_);
  SSL_CTX_set_alpn_select_cb(context.get(), SelectHttp2, nullptr);
  const SslPtr ssl(SSL_new(context.get()));
  SSL_set_fd(ssl.get(), connection);
  const bool asked = SSL_accept(ssl.get()) == 1 && SSL_read(ssl.get(), &byte, 1) == 1;
  ERR_clear_error();
  return asked;
}

}  // namespace ballast
