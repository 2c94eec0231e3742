// One accepted connection, plain or TLS, on a blocking socket.
#pragma once

#include <cstdint>
#include <memory>
#include <string_view>

#include "base/status.h"
#include "base/unique_fd.h"

struct ssl_ctx_st;
struct ssl_st;

namespace ballast::hub {

// The server's certificate and key. Immutable, shared by connections.
class TlsContext {
 public:
  // Both are PEM files. InvalidArgument if they cannot be used.
  static Result<std::shared_ptr<const TlsContext>> Load(const std::string& certificate, const std::string& key,
                                                        bool only_tls_1_0);
  ~TlsContext();
  TlsContext(const TlsContext&) = delete;
  TlsContext& operator=(const TlsContext&) = delete;
  ssl_ctx_st* get() const { return context_; }

 private:
  explicit TlsContext(ssl_ctx_st* context) : context_(context) {}
  ssl_ctx_st* context_;
};

// One thread reads and writes, with SIGPIPE blocked; Shutdown may be called from any other, but not during Close.
class Connection {
 public:
  Connection(UniqueFd socket, std::shared_ptr<const TlsContext> tls);
  ~Connection();
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  bool Handshake();                               // at once true without TLS
  int64_t Read(char* buffer, size_t size);        // <= 0: no more
  bool Write(std::string_view bytes, bool more);  // `more`: hold a partial packet back, more follows at once
  // `length` bytes of an open file, by sendfile where there is no TLS. Returns how many went out.
  uint64_t WriteFile(int file, uint64_t offset, uint64_t length);
  void ResetOnClose();  // Close sends RST, not FIN
  void Shutdown();      // ends every call under way
  void Close();

 private:
  UniqueFd socket_;
  const std::shared_ptr<const TlsContext> tls_;
  ssl_st* ssl_ = nullptr;
};

}  // namespace ballast::hub
