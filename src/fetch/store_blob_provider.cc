#include "fetch/store_blob_provider.h"

#include <algorithm>
#include <string>
#include <utility>

#include "base/strings.h"

namespace ballast {
namespace {

class ServedReader final : public ServedBlob {
 public:
  explicit ServedReader(std::shared_ptr<BlobReader> reader) : reader_(std::move(reader)) {}

  uint64_t size() const override { return reader_->size(); }
  Result<uint64_t> AvailableFrom(uint64_t offset, Duration patience, std::stop_token stop) override {
    return reader_->AvailableFrom(offset, patience, std::move(stop));
  }
  Status Read(uint64_t offset, std::span<std::byte> into) override { return reader_->Read(offset, into); }
  int fd() const override { return reader_->fd(); }

 private:
  const std::shared_ptr<BlobReader> reader_;
};

class ServedText final : public ServedBlob {
 public:
  explicit ServedText(std::string text) : text_(std::move(text)) {}

  uint64_t size() const override { return text_.size(); }
  Result<uint64_t> AvailableFrom(uint64_t offset, Duration /*patience*/, std::stop_token /*stop*/) override {
    if (offset >= text_.size()) return OutOfRange(StrCat("the manifest has ", text_.size(), " bytes"));
    return text_.size();
  }
  Status Read(uint64_t offset, std::span<std::byte> into) override {
    if (offset > text_.size() || into.size() > text_.size() - offset) return OutOfRange("beyond the manifest's end");
    const auto bytes = std::as_bytes(std::span(text_)).subspan(offset, into.size());
    std::copy(bytes.begin(), bytes.end(), into.begin());
    return OkStatus();
  }
  int fd() const override { return -1; }

 private:
  const std::string text_;
};

}  // namespace

Result<std::shared_ptr<ServedBlob>> StoreBlobProvider::Open(const Digest& digest) {
  auto reader = store_.blobs().OpenForServing(digest);
  if (reader.ok()) return std::shared_ptr<ServedBlob>(std::make_shared<ServedReader>(std::move(*reader)));
  if (reader.status().code() != StatusCode::kNotFound) return reader.status();
  const auto model = store_.models().Find(digest);
  if (!model) return NotFound(StrCat(digest.ToString(), " is neither a blob nor a manifest here"));
  return std::shared_ptr<ServedBlob>(std::make_shared<ServedText>(model->manifest.Canonical()));
}

}  // namespace ballast
