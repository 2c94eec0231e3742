// What the kernel's page cache holds of a file that is open. Thread-safe.
#pragma once

#include <cstdint>

#include "base/status.h"

namespace ballast {

// Bytes of a file of `size` bytes that are in memory. The file's owner is told only (mincore(2)).
Result<uint64_t> BytesInMemory(int fd, uint64_t size);
// Reads so many bytes into the page cache; what is there already costs nothing but a copy.
Status ReadIntoMemory(int fd, uint64_t offset, uint64_t size);
// Pages that nobody maps and that are on the disk leave memory.
Status DropFromMemory(int fd);

}  // namespace ballast
