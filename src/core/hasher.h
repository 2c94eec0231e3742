// SHA-256 and git's SHA-1 of bytes that come in pieces. OpenSSL does the work.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>

#include "core/digest.h"

namespace ballast {

// One stream of bytes; not thread-safe. Finish() may be called once, and nothing after it.
class Sha256Hasher {
 public:
  Sha256Hasher();
  ~Sha256Hasher();
  Sha256Hasher(Sha256Hasher&&) noexcept;
  Sha256Hasher& operator=(Sha256Hasher&&) noexcept;
  Sha256Hasher Clone() const;  // goes on from here by itself

  void Update(std::span<const std::byte> bytes);
  Digest Finish();

 private:
  struct Context;
  explicit Sha256Hasher(std::unique_ptr<Context> context);
  std::unique_ptr<Context> context_;
};

// The same for git's object id of a file of `size` bytes (git hashes the size first).
class GitBlobHasher {
 public:
  explicit GitBlobHasher(uint64_t size);
  ~GitBlobHasher();
  GitBlobHasher(GitBlobHasher&&) noexcept;
  GitBlobHasher& operator=(GitBlobHasher&&) noexcept;
  GitBlobHasher Clone() const;  // goes on from here by itself

  void Update(std::span<const std::byte> bytes);
  GitOid Finish();

 private:
  struct Context;
  explicit GitBlobHasher(std::unique_ptr<Context> context);
  std::unique_ptr<Context> context_;
};

}  // namespace ballast
