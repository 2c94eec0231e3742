#include "daemon/origin_proof.h"

#include <algorithm>
#include <cstring>
#include <memory>
#include <vector>

#include "base/strings.h"

namespace ballast {
namespace {

constexpr uint64_t kProbe = 64 << 10;
constexpr Duration kPatience = std::chrono::seconds(10);

ByteRange RangeToRead(const ResolvedModel& model, const RemoteFile& file, uint64_t random) {
  if (model.ref.scheme != OriginScheme::kHuggingFace || file.size <= kProbe) return {0, file.size};
  const uint64_t begin = random % (file.size - kProbe + 1);
  return {begin, begin + kProbe};
}

// The blob's bytes beside those that come.
class Comparison {
 public:
  Comparison(BlobReader& blob, uint64_t at) : blob_(blob), at_(at) {}

  Status Take(std::span<const std::byte> bytes) {
    ours_.resize(bytes.size());
    RETURN_IF_ERROR(blob_.Read(at_, ours_));
    at_ += bytes.size();
    if (std::memcmp(ours_.data(), bytes.data(), bytes.size()) == 0) return OkStatus();
    return DataLoss("it has other bytes than the digest that it lists says");
  }

 private:
  BlobReader& blob_;
  uint64_t at_;
  std::vector<std::byte> ours_;
};

}  // namespace

Status ProveAtOrigin(Origin& origin, const ResolvedModel& model, const RemoteFile& file, BlobStore& blobs,
                     uint64_t random, const std::stop_token& stop) {
  if (file.size == 0) return OkStatus();
  if (!file.sha256) return Internal(StrCat(file.path, " has no digest"));
  ASSIGN_OR_RETURN(const std::shared_ptr<BlobReader> blob, blobs.OpenForServing(*file.sha256));
  const ByteRange range = RangeToRead(model, file, random);
  RETURN_IF_ERROR(blob->AvailableFrom(range.begin, kPatience, stop).status());
  Comparison comparison(*blob, range.begin);
  const Status read = origin.Read(
      model, file, range, [&](std::span<const std::byte> bytes) { return comparison.Take(bytes); }, stop);
  if (read.ok()) return read;
  return read.WithContext(StrCat("its origin must show that it has ", file.path,
                                 " before the copy that is here by another right may be served"));
}

}  // namespace ballast
