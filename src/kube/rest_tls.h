// TLS of the connections to the apiserver: only the CA of the access is trusted, and only for the server's name.
#pragma once

#include <openssl/types.h>

#include <memory>
#include <string>

#include "base/mutex.h"
#include "base/status.h"
#include "kube/kube_access.h"

namespace ballast {

// Thread-safe.
class RestTls {
 public:
  explicit RestTls(KubeAccess access);

  // Makes a new connection's context strict: TLS 1.2 or newer, the CA, the name, the client certificate; files are read
  // anew. What can't be read leaves it trusting nobody, and problem() says why.
  void Prepare(SSL_CTX* context);

  // Why the last connection was not made, as far as it was TLS; "" when nothing was wrong with it.
  std::string problem() const;

 private:
  static int Verify(X509_STORE_CTX* chain, void* self);
  Status Load(SSL_CTX* context) const;
  void SetProblem(std::string problem);

  const KubeAccess access_;
  const std::string host_;
  mutable Mutex mutex_;
  std::string problem_ GUARDED_BY(mutex_);
};

// "10.0.0.1" of "https://10.0.0.1:6443/path".
std::string HostOf(const std::string& server);

}  // namespace ballast
