#include "base/check.h"
#include "core/testing/splice.h"
#include "origin/hf_listing.h"

constexpr std::string_view kInfo =
    R"({"_id":"65","id":"org/name","sha":"0e9e39f249a16976918f6564b8830bc894c89659","private":false,"gated":"auto",)"
    R"("siblings":[{"rfilename":"config.json"}],"lastModified":"2024-01-01T00:00:00.000Z","usedStorage":5130})";

constexpr std::string_view kPage =
    R"([{"type":"directory","oid":"c1b0730e0133447badcfd47fd144e254807b06e1","size":0,"path":"sub"},)"
    R"({"type":"file","oid":"e25f1814e51579d5f55c0f1fe0135ddb28a47f4a","size":130,"path":"config.json"},)"
    R"({"type":"file","oid":"9d1f3a4e51579d5f55c0f1fe0135ddb28a47f4ab","size":5000,"lfs":{"oid":)"
    R"("ca978112ca1bbdcafac231b39a23dc4da786eff8147c4e72b9807785afee48bb","size":5000,"pointerSize":134},)"
    R"("path":"sub/model.safetensors","xetHash":"00","lastCommit":null}])";

// What is accepted is a commit, and a listing whose paths and sizes keep the rules.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {  // NOLINT(readability-identifier-naming)
  const auto commit = ballast::ParseRevisionInfo(ballast::FuzzInput(data, size, kInfo));
  if (commit.ok()) BALLAST_CHECK(ballast::IsCommit(*commit)) << *commit;

  const ballast::PathFilter everything;
  ballast::TreeListing listing(everything);
  if (!listing.AddPage(ballast::FuzzInput(data, size, kPage)).ok()) return 0;
  const auto files = listing.Finish();
  if (!files.ok()) return 0;
  uint64_t total = 0;
  for (const auto& file : *files) {
    total += file.size;
    BALLAST_CHECK(ballast::SafePath::Parse(file.path.str()).ok()) << file.path;
    BALLAST_CHECK(file.size <= ballast::kMaxFileSize && total <= INT64_MAX) << file.size;
  }
  return 0;
}
