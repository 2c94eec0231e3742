// What the hub's API answers, read: the commit behind a revision, and a page of a commit's file tree. Pure functions
// over foreign bytes; memory grows with the entries that are kept, not with what else the JSON holds.
//
// Form of the answers: huggingface_hub hf_api.py (repo_info, list_repo_tree), hf-mount src/hub_api.rs.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "core/glob.h"
#include "origin/origin.h"

namespace ballast {

// {"sha": "<40 hex>", ...} -> the commit. InvalidArgument for anything else.
Result<std::string> ParseRevisionInfo(std::string_view json);

// Collects the pages of a tree listing. A value of one Resolve(); not thread-safe.
class TreeListing {
 public:
  // Entries of all pages, kept or not; one more is an error.
  static constexpr uint64_t kMaxEntries = 1'000'000;

  // `filter` must outlive the listing.
  explicit TreeListing(const PathFilter& filter, uint64_t max_entries = kMaxEntries)
      : filter_(filter), max_entries_(max_entries) {}

  // [{"type":"file","path":..,"oid":..,"size":..,"lfs":{"oid":..,"size":..,"pointerSize":..}}, ...]
  // InvalidArgument quotes the offending entry. PermissionDenied where the hub hides a digest ("****").
  Status AddPage(std::string_view json);

  // CheckListing. Call once, after the last page.
  Result<std::vector<RemoteFile>> Finish();

 private:
  struct Entry;
  class PageReader;
  Status AddEntry(const Entry& entry);

  const PathFilter& filter_;
  const uint64_t max_entries_;
  uint64_t entries_ = 0;
  uint64_t path_bytes_ = 0;  // of files_
  std::vector<RemoteFile> files_;
};

}  // namespace ballast
