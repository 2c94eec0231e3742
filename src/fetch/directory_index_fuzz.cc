// Any bytes are an index that survives a round trip, or an error.
#include <cstddef>
#include <cstdint>

#include "base/check.h"
#include "fetch/directory_index.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const auto index = ballast::DirectoryIndex::FromJson({reinterpret_cast<const char*>(data), size});
  if (!index.ok()) return 0;
  const auto again = ballast::DirectoryIndex::FromJson(index->ToJson());
  BALLAST_CHECK(again.ok()) << again.status();
  BALLAST_CHECK(*again == *index);
  return 0;
}
