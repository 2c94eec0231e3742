// A stored blob's file as BlobReader.
#pragma once

#include <memory>
#include <string>

#include "store/blob_reader.h"
#include "store/file_system.h"

namespace ballast {

// Thread-safe.
class FileBlob final : public BlobReader {
 public:
  FileBlob(std::unique_ptr<File> file, uint64_t size, std::string name)
      : file_(std::move(file)), size_(size), name_(std::move(name)) {}

  uint64_t size() const override { return size_; }
  Result<uint64_t> AvailableFrom(uint64_t offset, Duration patience, std::stop_token stop) override;
  Status Read(uint64_t offset, std::span<std::byte> into) override;
  int fd() const override { return file_->descriptor(); }

 private:
  const std::unique_ptr<File> file_;
  const uint64_t size_;
  const std::string name_;
};

// All of into.size() bytes. DataLoss: the file is shorter. `name` is for the text.
Status ReadExactly(File& file, uint64_t offset, std::span<std::byte> into, const std::string& name);

}  // namespace ballast
