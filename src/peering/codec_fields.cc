#include "peering/codec_fields.h"

#include <cstring>

#include "base/strings.h"
#include "swarm/control.h"

namespace ballast::codec {

Status Wrong(std::string_view what) { return InvalidArgument(StrCat("bad message of the swarm: ", what)); }

Status CheckCount(int count, int most, std::string_view what) {
  return count <= most ? OkStatus() : Wrong(StrCat(count, " ", what, ", at most ", most, " go into one message"));
}

Result<Digest> DigestOf(const std::string& bytes) {
  if (bytes.size() != Digest::kSize) return Wrong(StrCat("a digest of ", bytes.size(), " bytes"));
  Digest::Bytes copy;
  std::memcpy(copy.data(), bytes.data(), copy.size());
  return Digest(copy);
}

void Put(const Digest& digest, std::string& to) {
  to.assign(reinterpret_cast<const char*>(digest.bytes().data()), Digest::kSize);
}

void PutAll(const std::vector<Digest>& digests, std::string& to) {
  for (const Digest& digest : digests) to.append(reinterpret_cast<const char*>(digest.bytes().data()), Digest::kSize);
}

Result<std::vector<Digest>> DigestsOf(const std::string& bytes) {
  if (bytes.size() % Digest::kSize != 0 || bytes.size() / Digest::kSize > kMaxPieceHashes)
    return Wrong(StrCat(bytes.size(), " bytes of hashes"));
  std::vector<Digest> digests;
  digests.reserve(bytes.size() / Digest::kSize);
  for (size_t at = 0; at < bytes.size(); at += Digest::kSize) {
    Digest::Bytes copy;
    std::memcpy(copy.data(), bytes.data() + at, copy.size());
    digests.emplace_back(copy);
  }
  return digests;
}

}  // namespace ballast::codec
