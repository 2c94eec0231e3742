#include "swarm/wire.h"

#include <sys/sendfile.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <climits>

#include "base/check.h"
#include "base/errno_status.h"
#include "base/strings.h"
#include "swarm/quiet_bio.h"

namespace ballast {
namespace {

Status Broken(std::string_view action) { return Unavailable(ErrnoStatus(errno, action).message()); }

bool MustWait() { return errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR; }

int AsInt(size_t size) { return static_cast<int>(std::min<size_t>(size, INT_MAX)); }

}  // namespace

Status Wire::StartTls(TlsSession session) {
  RETURN_IF_ERROR(BindQuietly(session.ssl(), socket_.get()));
  // Its buffers go while a connection is idle: up to 80 KiB each.
  SSL_set_mode(session.ssl(),
               SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER | SSL_MODE_RELEASE_BUFFERS);
  tls_.emplace(std::move(session));
  return OkStatus();
}

Result<Wire::Want> Wire::Wanted(int returned, std::string_view action) {
  switch (SSL_get_error(tls_->ssl(), returned)) {
    case SSL_ERROR_WANT_READ:
      return Want::kRead;
    case SSL_ERROR_WANT_WRITE:
      return Want::kWrite;
    default:
      return tls_->Error(returned, action);
  }
}

Result<Wire::Want> Wire::Handshake() {
  errno = 0;
  const int returned = SSL_do_handshake(tls_->ssl());
  if (returned == 1) return Want::kNothing;
  return Wanted(returned, "TLS handshake");
}

Result<Wire::Moved> Wire::Read(std::span<std::byte> into) {
  BALLAST_CHECK(!into.empty()) << "nothing to read into";
  errno = 0;
  if (tls_) {
    const int got = SSL_read(tls_->ssl(), into.data(), AsInt(into.size()));
    if (got > 0) return Moved{static_cast<size_t>(got), Want::kNothing};
    ASSIGN_OR_RETURN(const Want want, Wanted(got, "receive"));
    return Moved{0, want};
  }
  const ssize_t got = ::recv(socket_.get(), into.data(), into.size(), 0);
  if (got > 0) return Moved{static_cast<size_t>(got), Want::kNothing};
  if (got == 0) return Unavailable("receive: the connection ended");
  if (MustWait()) return Moved{0, Want::kRead};
  return Broken("receive");
}

Result<Wire::Moved> Wire::Write(std::span<const std::byte> bytes, bool more) {
  BALLAST_CHECK(!bytes.empty()) << "nothing to write";
  errno = 0;
  if (tls_) {
    const int put = SSL_write(tls_->ssl(), bytes.data(), AsInt(bytes.size()));
    if (put > 0) return Moved{static_cast<size_t>(put), Want::kNothing};
    ASSIGN_OR_RETURN(const Want want, Wanted(put, "send"));
    return Moved{0, want};
  }
  const ssize_t put = ::send(socket_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL | (more ? MSG_MORE : 0));
  if (put > 0) return Moved{static_cast<size_t>(put), Want::kNothing};
  if (MustWait()) return Moved{0, Want::kWrite};
  return Broken("send");
}

Result<Wire::Moved> Wire::SendFile(int file, uint64_t offset, size_t bytes) {
  BALLAST_CHECK(!tls_) << "a file can't be sent over TLS this way";
  auto at = static_cast<off_t>(offset);
  const ssize_t put = ::sendfile(socket_.get(), file, &at, bytes);
  if (put > 0) return Moved{static_cast<size_t>(put), Want::kNothing};
  if (put == 0) return DataLoss(StrCat("the file ends at byte ", offset));
  if (MustWait()) return Moved{0, Want::kWrite};
  return errno == EIO ? DataLoss("read the file: input/output error") : Broken("send");
}

void Wire::WakeAt(size_t bytes) {
  if (bytes == wake_at_) return;
  wake_at_ = bytes;
  const int value = AsInt(bytes);
  ::setsockopt(socket_.get(), SOL_SOCKET, SO_RCVLOWAT, &value, sizeof value);  // refused: more wakes, nothing else
}

void Wire::Shutdown() const { ::shutdown(socket_.get(), SHUT_RDWR); }
void Wire::EndWriting() const { ::shutdown(socket_.get(), SHUT_WR); }

bool Wire::OtherSideLeft() const {
  char byte = 0;
  const ssize_t got = ::recv(socket_.get(), &byte, 1, MSG_PEEK | MSG_DONTWAIT);
  return got == 0 || (got < 0 && !MustWait());
}

std::string Wire::PeerNode() const { return tls_ && tls_->peer() ? tls_->peer()->node() : ""; }

bool Wire::HoldsUnread() const { return tls_ && SSL_has_pending(tls_->ssl()) == 1; }

}  // namespace ballast
