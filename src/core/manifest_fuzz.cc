// Rule: what is read is canonical, byte for byte.
#include "base/check.h"
#include "core/manifest.h"
#include "core/testing/splice.h"

constexpr std::string_view kExample =
    R"({"files":[{"path":"a.json","sha256":"ca978112ca1bbdcafac231b39a23dc4da786eff8147c4e72b9807785afee48bb","size":1},)"
    R"({"path":"b/c.bin","sha256":"3e23e8160039594a33894f6564e1b1348bbd7a0088d42c4acb73eeaed59c009d","size":2}],"version":1})";

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string text = ballast::FuzzInput(data, size, kExample);
  const ballast::Result<ballast::Manifest> manifest = ballast::Manifest::Parse(text);
  if (manifest.ok()) BALLAST_CHECK(manifest->Canonical() == text);
  return 0;
}
