#include "core/hasher.h"

#include <openssl/evp.h>

#include "base/strings.h"

namespace ballast {
namespace {

// OpenSSL's digest context. Its calls fail only where memory is out or the algorithm is switched off: both are fatal.
class EvpHash {
 public:
  explicit EvpHash(const EVP_MD* algorithm) : context_(EVP_MD_CTX_new()) {
    BALLAST_CHECK(context_ != nullptr && EVP_DigestInit_ex(context_.get(), algorithm, nullptr) == 1)
        << "OpenSSL does not offer " << EVP_MD_get0_name(algorithm);
  }

  EvpHash(const EvpHash& other) : context_(EVP_MD_CTX_new()) {
    BALLAST_CHECK(context_ != nullptr && EVP_MD_CTX_copy_ex(context_.get(), other.context_.get()) == 1)
        << "OpenSSL cannot copy a hash";
  }
  EvpHash& operator=(const EvpHash&) = delete;

  void Update(std::span<const std::byte> bytes) {
    BALLAST_CHECK(EVP_DigestUpdate(context_.get(), bytes.data(), bytes.size()) == 1) << "hash used after Finish()";
  }

  template <typename Bytes>
  Bytes Finish() {
    Bytes bytes{};
    unsigned size = 0;
    BALLAST_CHECK(EVP_DigestFinal_ex(context_.get(), bytes.data(), &size) == 1 && size == bytes.size())
        << "Finish() called twice";
    return bytes;
  }

 private:
  struct Free {
    void operator()(EVP_MD_CTX* context) const { EVP_MD_CTX_free(context); }
  };
  std::unique_ptr<EVP_MD_CTX, Free> context_;
};

}  // namespace

struct Sha256Hasher::Context {
  EvpHash hash{EVP_sha256()};
};

Sha256Hasher::Sha256Hasher() : context_(std::make_unique<Context>()) {}
Sha256Hasher::~Sha256Hasher() = default;
Sha256Hasher::Sha256Hasher(Sha256Hasher&&) noexcept = default;
Sha256Hasher& Sha256Hasher::operator=(Sha256Hasher&&) noexcept = default;
Sha256Hasher::Sha256Hasher(std::unique_ptr<Context> context) : context_(std::move(context)) {}
Sha256Hasher Sha256Hasher::Clone() const { return Sha256Hasher(std::make_unique<Context>(*context_)); }
void Sha256Hasher::Update(std::span<const std::byte> bytes) { context_->hash.Update(bytes); }
Digest Sha256Hasher::Finish() { return Digest(context_->hash.Finish<Digest::Bytes>()); }

struct GitBlobHasher::Context {
  EvpHash hash{EVP_sha1()};
};

GitBlobHasher::GitBlobHasher(uint64_t size) : context_(std::make_unique<Context>()) {
  const std::string header = StrCat("blob ", size);
  context_->hash.Update(std::as_bytes(std::span(header.c_str(), header.size() + 1)));  // git hashes the NUL too
}
GitBlobHasher::~GitBlobHasher() = default;
GitBlobHasher::GitBlobHasher(GitBlobHasher&&) noexcept = default;
GitBlobHasher& GitBlobHasher::operator=(GitBlobHasher&&) noexcept = default;
GitBlobHasher::GitBlobHasher(std::unique_ptr<Context> context) : context_(std::move(context)) {}
GitBlobHasher GitBlobHasher::Clone() const { return GitBlobHasher(std::make_unique<Context>(*context_)); }
void GitBlobHasher::Update(std::span<const std::byte> bytes) { context_->hash.Update(bytes); }
GitOid GitBlobHasher::Finish() { return GitOid(context_->hash.Finish<GitOid::Bytes>()); }

}  // namespace ballast
