#include "daemon/page_cache.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <vector>

#include "base/disk_error.h"
#include "base/errno_status.h"

namespace ballast {
namespace {

constexpr uint64_t kWindow = uint64_t{1} << 30;

// A part of a file, mapped. Nothing of it is read for that.
class Mapping {
 public:
  Mapping(int fd, uint64_t offset, uint64_t size)
      : size_(size), address_(::mmap(nullptr, size, PROT_READ, MAP_SHARED, fd, static_cast<off_t>(offset))) {}
  Mapping(const Mapping&) = delete;
  Mapping& operator=(const Mapping&) = delete;
  ~Mapping() {
    if (valid()) ::munmap(address_, size_);
  }
  bool valid() const { return address_ != MAP_FAILED; }
  void* address() const { return address_; }

 private:
  const uint64_t size_;
  void* const address_;
};

Result<uint64_t> BytesInMemory(int fd, uint64_t offset, uint64_t size) {
  const auto page = static_cast<uint64_t>(::sysconf(_SC_PAGESIZE));
  const Mapping mapping(fd, offset, size);
  if (!mapping.valid()) return ErrnoStatus(errno, "map a file");
  std::vector<unsigned char> pages((size + page - 1) / page);
  if (::mincore(mapping.address(), size, pages.data()) != 0) return ErrnoStatus(errno, "ask what is in memory");
  const auto present = std::count_if(pages.begin(), pages.end(), [](unsigned char one) { return (one & 1U) != 0; });
  return std::min(static_cast<uint64_t>(present) * page, size);
}

}  // namespace

Result<uint64_t> BytesInMemory(int fd, uint64_t size) {
  uint64_t present = 0;
  for (uint64_t offset = 0; offset < size; offset += kWindow) {
    ASSIGN_OR_RETURN(const uint64_t here, BytesInMemory(fd, offset, std::min(kWindow, size - offset)));
    present += here;
  }
  return present;
}

Status ReadIntoMemory(int fd, uint64_t offset, uint64_t size) {
  constexpr uint64_t kBuffer = 256 << 10;
  std::vector<char> buffer(std::min(kBuffer, size));
  const uint64_t end = offset + size;
  while (offset < end) {
    const ssize_t got =
        ::pread(fd, buffer.data(), std::min<uint64_t>(buffer.size(), end - offset), static_cast<off_t>(offset));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return DiskError(errno, "read", "a stored file");
    if (got == 0) return DataLoss("the file ends before its size");
    offset += static_cast<uint64_t>(got);
  }
  return OkStatus();
}

Status DropFromMemory(int fd) {
  const int error = ::posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED);
  return error == 0 ? OkStatus() : ErrnoStatus(error, "drop a file from memory");
}

}  // namespace ballast
