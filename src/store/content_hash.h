// The whole-file hashes of an expected content, as one: SHA-256 always, git's SHA-1 where a git object id is expected.
#pragma once

#include <optional>

#include "core/hasher.h"
#include "store/ingest.h"

namespace ballast {

// Not thread-safe.
class ContentHash {
 public:
  explicit ContentHash(const ExpectedContent& expected);

  void Update(std::span<const std::byte> bytes);
  // The state as it is now: a hash can go back to it when bytes behind it have to come again.
  ContentHash Clone() const;
  // Ends the hash. DataLoss "expected sha256:.., got sha256:..".
  Result<Digest> Check(const ExpectedContent& expected);

 private:
  ContentHash(Sha256Hasher sha256, std::optional<GitBlobHasher> git)
      : sha256_(std::move(sha256)), git_(std::move(git)) {}

  Sha256Hasher sha256_;
  std::optional<GitBlobHasher> git_;
};

}  // namespace ballast
