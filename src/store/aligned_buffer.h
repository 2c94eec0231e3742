// Memory that a disk takes directly (O_DIRECT).
#pragma once

#include <cstddef>
#include <cstdlib>
#include <memory>
#include <span>

#include "base/check.h"

namespace ballast {

class AlignedBuffer {
 public:
  static constexpr size_t kAlignment = 4096;

  explicit AlignedBuffer(size_t size)
      : size_(size),
        bytes_(static_cast<std::byte*>(
            std::aligned_alloc(kAlignment, (size + kAlignment - 1) / kAlignment * kAlignment))) {
    BALLAST_CHECK(bytes_ != nullptr) << "no memory for " << size << " bytes";
  }

  std::span<std::byte> span() { return {bytes_.get(), size_}; }

 private:
  struct Free {
    void operator()(std::byte* bytes) const { std::free(bytes); }
  };
  size_t size_;
  std::unique_ptr<std::byte[], Free> bytes_;
};

}  // namespace ballast
