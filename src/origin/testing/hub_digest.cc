#include "origin/testing/hub_digest.h"

#include <openssl/evp.h>

#include <array>
#include <fstream>
#include <memory>
#include <vector>

#include "base/strings.h"

namespace ballast::hub {
namespace {

class Hasher {
 public:
  explicit Hasher(const EVP_MD* kind) : context_(EVP_MD_CTX_new(), &EVP_MD_CTX_free) {
    BALLAST_CHECK(EVP_DigestInit_ex(context_.get(), kind, nullptr) == 1);
  }
  Hasher& Add(std::string_view bytes) {
    BALLAST_CHECK(EVP_DigestUpdate(context_.get(), bytes.data(), bytes.size()) == 1);
    return *this;
  }
  std::string Hex() {
    std::array<unsigned char, EVP_MAX_MD_SIZE> digest;
    unsigned size = 0;
    BALLAST_CHECK(EVP_DigestFinal_ex(context_.get(), digest.data(), &size) == 1);
    return HexEncode({reinterpret_cast<const char*>(digest.data()), size});
  }

 private:
  std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> context_;
};

Result<std::string> HashFile(Hasher hasher, const std::filesystem::path& file) {
  std::ifstream in(file, std::ios::binary);
  if (!in) return NotFound(StrCat("the hub stand-in cannot open ", Quoted(file.string())));
  std::vector<char> buffer(size_t{1} << 20);
  while (in.read(buffer.data(), static_cast<std::streamsize>(buffer.size())) || in.gcount() > 0) {
    hasher.Add({buffer.data(), static_cast<size_t>(in.gcount())});
  }
  if (in.bad()) return DataLoss(StrCat("the hub stand-in cannot read ", Quoted(file.string())));
  return hasher.Hex();
}

std::string GitHeader(std::string_view type, uint64_t size) { return StrCat(type, " ", size, '\0'); }

}  // namespace

std::string Sha1(std::string_view bytes) { return Hasher(EVP_sha1()).Add(bytes).Hex(); }
std::string Sha256(std::string_view bytes) { return Hasher(EVP_sha256()).Add(bytes).Hex(); }
Result<std::string> Sha256OfFile(const std::filesystem::path& file) { return HashFile(Hasher(EVP_sha256()), file); }

std::string GitSha1(std::string_view type, std::string_view bytes) {
  return Hasher(EVP_sha1()).Add(GitHeader(type, bytes.size())).Add(bytes).Hex();
}

Result<std::string> GitBlobSha1OfFile(const std::filesystem::path& file, uint64_t size) {
  Hasher hasher(EVP_sha1());
  hasher.Add(GitHeader("blob", size));
  return HashFile(std::move(hasher), file);
}

std::string LfsPointer(std::string_view sha256, uint64_t size) {
  return StrCat("version https://git-lfs.github.com/spec/v1\noid sha256:", sha256, "\nsize ", size, "\n");
}

std::string HexDecode(std::string_view hex) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string bytes;
  for (size_t i = 0; i + 1 < hex.size(); i += 2) {
    bytes += static_cast<char>((kDigits.find(hex[i]) << 4 | kDigits.find(hex[i + 1])) & 0xff);
  }
  return bytes;
}

}  // namespace ballast::hub
