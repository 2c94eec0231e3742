// Names of content: a SHA-256 digest, which is what a blob is called everywhere, and a git object id, which is all that
// a hub knows of a small file.
#pragma once

#include <array>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <string_view>

#include "base/status.h"

namespace ballast {

// The SHA-256 of a blob's bytes. A value; comparable, hashable.
class Digest {
 public:
  static constexpr size_t kSize = 32;
  using Bytes = std::array<uint8_t, kSize>;

  Digest() = default;
  explicit Digest(const Bytes& bytes) : bytes_(bytes) {}

  // Exactly 64 lower-case hex digits. InvalidArgument otherwise: checked before a digest ever touches a path.
  static Result<Digest> FromHex(std::string_view hex);
  // "sha256:" and 64 lower-case hex digits.
  static Result<Digest> Parse(std::string_view text);
  static Digest Of(std::string_view content);

  std::string Hex() const;
  std::string ToString() const { return "sha256:" + Hex(); }
  const Bytes& bytes() const { return bytes_; }

  friend auto operator<=>(const Digest&, const Digest&) = default;

 private:
  Bytes bytes_{};
};

std::ostream& operator<<(std::ostream& out, const Digest& digest);

// git's object id of a file: SHA-1 of "blob <size>\0" and the bytes.
class GitOid {
 public:
  static constexpr size_t kSize = 20;
  using Bytes = std::array<uint8_t, kSize>;

  GitOid() = default;
  explicit GitOid(const Bytes& bytes) : bytes_(bytes) {}

  // Exactly 40 lower-case hex digits.
  static Result<GitOid> FromHex(std::string_view hex);
  static GitOid OfBlob(std::string_view content);

  std::string Hex() const;
  const Bytes& bytes() const { return bytes_; }

  friend auto operator<=>(const GitOid&, const GitOid&) = default;

 private:
  Bytes bytes_{};
};

std::ostream& operator<<(std::ostream& out, const GitOid& oid);

}  // namespace ballast

template <>
struct std::hash<ballast::Digest> {
  size_t operator()(const ballast::Digest& digest) const noexcept {
    size_t value = 0;
    for (size_t i = 0; i < sizeof value; ++i) value = value << 8 | digest.bytes()[i];
    return value;  // the digest is uniform already
  }
};
