#include "core/digest.h"

#include "base/strings.h"
#include "core/hasher.h"

namespace ballast {
namespace {

constexpr std::string_view kSha256Prefix = "sha256:";

int Nibble(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  return -1;
}

template <size_t kSize>
bool DecodeHex(std::string_view hex, std::array<uint8_t, kSize>& bytes) {
  if (hex.size() != 2 * kSize) return false;
  for (size_t i = 0; i < kSize; ++i) {
    const int high = Nibble(hex[2 * i]);
    const int low = Nibble(hex[2 * i + 1]);
    if (high < 0 || low < 0) return false;
    bytes[i] = static_cast<uint8_t>(high << 4 | low);
  }
  return true;
}

template <size_t kSize>
std::string EncodeHex(const std::array<uint8_t, kSize>& bytes) {
  return HexEncode({reinterpret_cast<const char*>(bytes.data()), bytes.size()});
}

}  // namespace

Result<Digest> Digest::FromHex(std::string_view hex) {
  Bytes bytes;
  if (!DecodeHex(hex, bytes)) {
    return InvalidArgument(StrCat(Quoted(hex), " is not a SHA-256 digest: 64 lower-case hex digits are needed"));
  }
  return Digest(bytes);
}

Result<Digest> Digest::Parse(std::string_view text) {
  if (!text.starts_with(kSha256Prefix)) {
    return InvalidArgument(
        StrCat(Quoted(text), " is not a digest: \"sha256:\" and 64 lower-case hex digits are needed"));
  }
  return FromHex(text.substr(kSha256Prefix.size()));
}

Digest Digest::Of(std::string_view content) {
  Sha256Hasher hasher;
  hasher.Update(std::as_bytes(std::span(content)));
  return hasher.Finish();
}

std::string Digest::Hex() const { return EncodeHex(bytes_); }

std::ostream& operator<<(std::ostream& out, const Digest& digest) { return out << digest.ToString(); }

Result<GitOid> GitOid::FromHex(std::string_view hex) {
  Bytes bytes;
  if (!DecodeHex(hex, bytes)) {
    return InvalidArgument(StrCat(Quoted(hex), " is not a git object id: 40 lower-case hex digits are needed"));
  }
  return GitOid(bytes);
}

GitOid GitOid::OfBlob(std::string_view content) {
  GitBlobHasher hasher(content.size());
  hasher.Update(std::as_bytes(std::span(content)));
  return hasher.Finish();
}

std::string GitOid::Hex() const { return EncodeHex(bytes_); }

std::ostream& operator<<(std::ostream& out, const GitOid& oid) { return out << oid.Hex(); }

}  // namespace ballast
