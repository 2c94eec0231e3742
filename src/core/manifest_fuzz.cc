// Rule: what is read is canonical, byte for byte.
#include "base/check.h"
#include "core/manifest.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const ballast::Result<ballast::Manifest> manifest = ballast::Manifest::Parse(text);
  if (manifest.ok()) BALLAST_CHECK(manifest->Canonical() == text);
  return 0;
}
