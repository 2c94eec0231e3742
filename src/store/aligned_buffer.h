// Memory that a disk takes directly (O_DIRECT).
#pragma once

#include <sys/mman.h>

#include <cstddef>
#include <span>

#include "base/check.h"

namespace ballast {

// Pages of its own, which go back to the system with it: a heap would keep what the largest download took.
class AlignedBuffer {
 public:
  static constexpr size_t kAlignment = 4096;

  explicit AlignedBuffer(size_t size) : size_(size), capacity_((size + kAlignment - 1) / kAlignment * kAlignment) {
    if (capacity_ == 0) return;
    void* pages = ::mmap(nullptr, capacity_, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    BALLAST_CHECK(pages != MAP_FAILED) << "no memory for " << size << " bytes";
    bytes_ = static_cast<std::byte*>(pages);
  }
  ~AlignedBuffer() {
    if (bytes_ != nullptr) ::munmap(bytes_, capacity_);
  }
  AlignedBuffer(const AlignedBuffer&) = delete;
  AlignedBuffer& operator=(const AlignedBuffer&) = delete;

  std::span<std::byte> span() { return {bytes_, size_}; }
  size_t capacity() const { return capacity_; }
  // At most capacity(); the bytes stay as they are.
  void Resize(size_t size) {
    BALLAST_CHECK(size <= capacity_) << size << " bytes in a buffer of " << capacity_;
    size_ = size;
  }

 private:
  size_t size_;
  size_t capacity_;
  std::byte* bytes_ = nullptr;
};

}  // namespace ballast
