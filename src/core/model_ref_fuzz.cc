// Rules: a reference is written and read again the same; no part of one leaves its place.
#include "base/check.h"
#include "core/model_ref.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const ballast::Result<ballast::ModelRef> ref = ballast::ModelRef::Parse(text);
  if (!ref.ok()) return 0;
  BALLAST_CHECK(ballast::ModelRef::Parse(ref->ToString()).value() == *ref);
  BALLAST_CHECK(ref->HubCacheFolder().find('/') == std::string::npos);
  BALLAST_CHECK(ref->revision.empty() || ballast::CheckRevision(ref->revision).ok());
  return 0;
}
