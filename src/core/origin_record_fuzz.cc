// Rule: what is read is written and read again the same.
#include "base/check.h"
#include "core/manifest.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const ballast::Result<ballast::OriginRecord> record = ballast::OriginRecord::FromJson(text);
  if (record.ok()) BALLAST_CHECK(ballast::OriginRecord::FromJson(record->ToJson()).value() == *record);
  return 0;
}
