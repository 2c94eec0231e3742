// Rule: what is read is written and read again the same.
#include "base/check.h"
#include "core/manifest.h"
#include "core/testing/splice.h"

constexpr std::string_view kExample =
    R"({"commit":"0e9e39f249a16976918f6564b8830bc894c89659","files":{"a":{"git_oid":"c1b0730e0133447badcfd47fd144e254807b06e1"},)"
    R"("b":{"git_oid":"e25f1814e51579d5f55c0f1fe0135ddb28a47f4a","lfs_pointer_size":134},"c":{}},)"
    R"("resolved_unix_seconds":1700000000,"revisions":["main","v1.0"],"uri":"hf://org/name"})";

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string text = ballast::FuzzInput(data, size, kExample);
  const ballast::Result<ballast::OriginRecord> record = ballast::OriginRecord::FromJson(text);
  if (record.ok()) BALLAST_CHECK(ballast::OriginRecord::FromJson(record->ToJson()).value() == *record);
  return 0;
}
