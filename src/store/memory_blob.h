// A small file that is being received, as others may read it: from memory, once it is whole.
#pragma once

#include <memory>
#include <string>

#include "base/mutex.h"
#include "store/blob_reader.h"

namespace ballast {

// Thread-safe. Its ingest says when it is whole, or that nothing comes.
class MemoryBlob final : public BlobReader {
 public:
  MemoryBlob(uint64_t size, std::string name) : size_(size), name_(std::move(name)) {}

  // ---- of the ingest
  void Complete(std::shared_ptr<const std::string> content);
  void Forget();  // it was not what it should be
  void End();     // nothing more comes

  // ---- of the readers
  uint64_t size() const override { return size_; }
  Result<uint64_t> AvailableFrom(uint64_t offset, Duration patience, std::stop_token stop) override;
  Status Read(uint64_t offset, std::span<std::byte> into) override;
  int fd() const override { return -1; }

 private:
  const uint64_t size_;
  const std::string name_;
  Mutex mutex_;
  CondVar changed_;
  std::shared_ptr<const std::string> content_ GUARDED_BY(mutex_);  // null: not here
  bool ended_ GUARDED_BY(mutex_) = false;
};

}  // namespace ballast
