#include "origin/testing/hub_connection.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <vector>

#include "base/strings.h"

namespace ballast::hub {
namespace {

std::string OpenSslText() {
  std::array<char, 256> text;
  ERR_error_string_n(ERR_get_error(), text.data(), text.size());
  return text.data();
}

}  // namespace

Result<std::shared_ptr<const TlsContext>> TlsContext::Load(const std::string& certificate, const std::string& key,
                                                           bool only_tls_1_0) {
  std::shared_ptr<const TlsContext> context(new TlsContext(SSL_CTX_new(TLS_server_method())));
  BALLAST_CHECK(context->get() != nullptr);
  if (only_tls_1_0) {
    SSL_CTX_set_security_level(context->get(), 0);  // what OpenSSL wants to do that still
    SSL_CTX_set_min_proto_version(context->get(), TLS1_VERSION);
    SSL_CTX_set_max_proto_version(context->get(), TLS1_VERSION);
  }
  bool usable = SSL_CTX_use_certificate_chain_file(context->get(), certificate.c_str()) == 1 &&
                SSL_CTX_use_PrivateKey_file(context->get(), key.c_str(), SSL_FILETYPE_PEM) == 1 &&
                SSL_CTX_check_private_key(context->get()) == 1;
  if (!usable) {
    return InvalidArgument(StrCat("the hub stand-in cannot serve with certificate ", Quoted(certificate), " and key ",
                                  Quoted(key), ": ", OpenSslText()));
  }
  return context;
}

TlsContext::~TlsContext() { SSL_CTX_free(context_); }

Connection::Connection(UniqueFd socket, std::shared_ptr<const TlsContext> tls)
    : socket_(std::move(socket)), tls_(std::move(tls)) {
  int on = 1;
  ::setsockopt(socket_.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  if (tls_ == nullptr) return;
  ssl_ = SSL_new(tls_->get());
  BALLAST_CHECK(ssl_ != nullptr && SSL_set_fd(ssl_, socket_.get()) == 1);
}

Connection::~Connection() { SSL_free(ssl_); }

bool Connection::Handshake() { return ssl_ == nullptr || SSL_accept(ssl_) == 1; }

int64_t Connection::Read(char* buffer, size_t size) {
  if (ssl_ != nullptr) return SSL_read(ssl_, buffer, static_cast<int>(size));
  return ::recv(socket_.get(), buffer, size, 0);
}

bool Connection::Write(std::string_view bytes, bool more) {
  while (!bytes.empty()) {
    size_t step = std::min(bytes.size(), size_t{1} << 24);
    int64_t n = ssl_ != nullptr ? SSL_write(ssl_, bytes.data(), static_cast<int>(step))
                                : ::send(socket_.get(), bytes.data(), step, MSG_NOSIGNAL | (more ? MSG_MORE : 0));
    if (n <= 0) return false;
    bytes.remove_prefix(static_cast<size_t>(n));
  }
  return true;
}

uint64_t Connection::WriteFile(int file, uint64_t offset, uint64_t length) {
  off_t at = static_cast<off_t>(offset);
  uint64_t sent = 0;
  std::vector<char> buffer(ssl_ != nullptr ? size_t{1} << 18 : 0);
  while (sent < length) {
    ssize_t n = 0;
    if (ssl_ == nullptr) {
      n = ::sendfile(socket_.get(), file, &at, length - sent);
    } else {
      n = ::pread(file, buffer.data(), std::min<uint64_t>(buffer.size(), length - sent),
                  static_cast<off_t>(offset + sent));
      if (n > 0 && !Write({buffer.data(), static_cast<size_t>(n)}, false)) n = -1;
    }
    if (n <= 0) break;
    sent += static_cast<uint64_t>(n);
  }
  return sent;
}

void Connection::ResetOnClose() {
  linger now{.l_onoff = 1, .l_linger = 0};
  ::setsockopt(socket_.get(), SOL_SOCKET, SO_LINGER, &now, sizeof now);
}

void Connection::Shutdown() {
  if (socket_.valid()) ::shutdown(socket_.get(), SHUT_RDWR);
}

void Connection::Close() { socket_.Reset(); }

}  // namespace ballast::hub
