#include "swarm/quiet_bio.h"

#include <openssl/bio.h>
#include <openssl/ssl.h>
#include <sys/socket.h>

#include <cerrno>

#include "base/check.h"
#include "identity/openssl_status.h"

namespace ballast {
namespace {

int SocketOf(BIO* bio) { return *static_cast<const int*>(BIO_get_data(bio)); }

bool MayRetry() { return errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR; }

int Write(BIO* bio, const char* bytes, int size) {
  BIO_clear_retry_flags(bio);
  const auto put = static_cast<int>(::send(SocketOf(bio), bytes, static_cast<size_t>(size), MSG_NOSIGNAL));
  if (put < 0 && MayRetry()) BIO_set_retry_write(bio);
  return put;
}

int Read(BIO* bio, char* bytes, int size) {
  BIO_clear_retry_flags(bio);
  const auto got = static_cast<int>(::recv(SocketOf(bio), bytes, static_cast<size_t>(size), 0));
  if (got < 0 && MayRetry()) BIO_set_retry_read(bio);
  return got;
}

// Says nothing of an end: OpenSSL would call it an attack (unexpected EOF), where it is a connection that broke. Every
// length is known here, so that nobody can cut a message short.
long Control(BIO*, int command, long, void*) { return command == BIO_CTRL_FLUSH ? 1 : 0; }

int Destroy(BIO* bio) {
  delete static_cast<const int*>(BIO_get_data(bio));
  return 1;
}

const BIO_METHOD* MakeMethod() {
  BIO_METHOD* const method = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "socket without SIGPIPE");
  BALLAST_CHECK(method != nullptr && BIO_meth_set_write(method, Write) == 1 && BIO_meth_set_read(method, Read) == 1 &&
                BIO_meth_set_ctrl(method, Control) == 1 && BIO_meth_set_destroy(method, Destroy) == 1);
  return method;
}

}  // namespace

Status BindQuietly(SSL* ssl, int socket) {
  static const BIO_METHOD* const kMethod = MakeMethod();
  BIO* const bio = BIO_new(kMethod);
  if (bio == nullptr) return OpenSslStatus("bind TLS to a socket");
  BIO_set_data(bio, new int(socket));
  BIO_set_init(bio, 1);
  SSL_set_bio(ssl, bio, bio);
  return OkStatus();
}

}  // namespace ballast
