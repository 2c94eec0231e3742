// Entries of a CacheNode's spec, out of a cache and a revision. Pure.
#pragma once

#include <map>
#include <string>
#include <utility>

#include "operator/placement/rows.h"

namespace ballast::controller {

// hf://org/name@commit; what has no commits as it is.
std::string SourceAt(const ModelRef& uri, const RevisionRecord& record);

// A manifest was made with the patterns of its time: those that entries of it carry, where the cache says others now.
class FilterMemory {
 public:
  FilterMemory(const std::vector<CacheClaim>& claims, const std::vector<NodeRow>& rows);
  const PathFilter& Of(const CacheClaim& claim, const std::string& manifest) const;

 private:
  std::map<std::pair<std::string_view, std::string_view>, const PathFilter*> other_;
};

CacheEntry MakeEntry(const PlannedEntry& planned, const FilterMemory& filters);

}  // namespace ballast::controller
