#include "store/file_blob.h"

#include "base/strings.h"

namespace ballast {

Status ReadExactly(File& file, uint64_t offset, std::span<std::byte> into, const std::string& name) {
  ASSIGN_OR_RETURN(const size_t count, file.Read(offset, into));
  if (count == into.size()) return OkStatus();
  return DataLoss(StrCat(name, " ends at byte ", offset + count, ", before its size"));
}

Result<uint64_t> FileBlob::AvailableFrom(uint64_t offset, Duration /*patience*/, std::stop_token /*stop*/) {
  if (offset >= size_) return OutOfRange(StrCat(name_, " has ", size_, " bytes"));
  return size_;
}

Status FileBlob::Read(uint64_t offset, std::span<std::byte> into) { return ReadExactly(*file_, offset, into, name_); }

}  // namespace ballast
