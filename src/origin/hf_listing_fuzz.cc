#include <cstddef>
#include <cstdint>
#include <string_view>

#include "origin/hf_listing.h"

// What is accepted is a commit, and a listing whose paths and sizes keep the rules.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view json(reinterpret_cast<const char*>(data), size);
  const auto commit = ballast::ParseRevisionInfo(json);
  if (commit.ok() && !ballast::IsCommit(*commit)) __builtin_trap();

  const ballast::PathFilter everything;
  ballast::TreeListing listing(everything);
  if (!listing.AddPage(json).ok()) return 0;
  const auto files = listing.Finish();
  if (!files.ok()) return 0;
  uint64_t total = 0;
  for (const auto& file : *files) {
    total += file.size;
    if (!ballast::SafePath::Parse(file.path.str()).ok() || file.size > INT64_MAX || total > INT64_MAX) __builtin_trap();
  }
  return 0;
}
