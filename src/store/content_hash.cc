#include "store/content_hash.h"

#include "base/strings.h"

namespace ballast {

ContentHash::ContentHash(const ExpectedContent& expected) {
  if (expected.git_oid) git_.emplace(expected.size);
}

void ContentHash::Update(std::span<const std::byte> bytes) {
  sha256_.Update(bytes);
  if (git_) git_->Update(bytes);
}

ContentHash ContentHash::Clone() const {
  return ContentHash(sha256_.Clone(), git_ ? std::optional(git_->Clone()) : std::nullopt);
}

Result<Digest> ContentHash::Check(const ExpectedContent& expected) {
  const Digest digest = sha256_.Finish();
  if (expected.sha256 && *expected.sha256 != digest) {
    return DataLoss(StrCat("expected ", expected.sha256->ToString(), ", got ", digest.ToString()));
  }
  if (!git_) return digest;
  const GitOid oid = git_->Finish();
  if (*expected.git_oid == oid) return digest;
  return DataLoss(StrCat("expected git object ", expected.git_oid->Hex(), ", got ", oid.Hex()));
}

}  // namespace ballast
