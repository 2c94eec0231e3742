#include "operator/placement/entries.h"

namespace ballast::controller {

std::string SourceAt(const ModelRef& uri, const RevisionRecord& record) {
  if (uri.scheme != OriginScheme::kHuggingFace) return uri.ToString();
  ModelRef ref = uri;
  ref.revision = record.commit;
  return ref.ToString();
}

FilterMemory::FilterMemory(const std::vector<CacheClaim>& claims, const std::vector<NodeRow>& rows) {
  std::map<std::string_view, const PathFilter*> now;
  for (const CacheClaim& claim : claims) now[claim.name] = &claim.object->spec.source.filter;
  for (const NodeRow& row : rows) {
    for (const Held& held : row.held) {
      const auto found = now.find(held.entry->cache);
      if (found == now.end() || *found->second == held.entry->filter) continue;
      other_.try_emplace({held.entry->cache, held.entry->manifest}, &held.entry->filter);
    }
  }
}

const PathFilter& FilterMemory::Of(const CacheClaim& claim, const std::string& manifest) const {
  const auto found = other_.find({claim.name, manifest});
  return found == other_.end() ? claim.object->spec.source.filter : *found->second;
}

namespace {

CacheEntry FromClaim(const PlannedEntry& planned, const FilterMemory& filters) {
  const CacheClaim& claim = *planned.claim;
  const RevisionRecord& record = *planned.record;
  const ModelCacheSpec& spec = claim.object->spec;
  return {.cache = claim.name,
          .manifest = record.manifest,
          .source = SourceAt(spec.source.uri, record),
          .filter = filters.Of(claim, record.manifest),
          .origin = spec.source.origin,
          .current = record.manifest == claim.current().manifest,
          .pinned = planned.pinned,
          .priority = planned.priority,
          .unused_for = spec.gc.unused_for,
          .namespaces = claim.namespaces,
          .domain = claim.domain};
}

}  // namespace

CacheEntry MakeEntry(const PlannedEntry& planned, const FilterMemory& filters) {
  if (planned.form == PlannedEntry::Form::kMade) return FromClaim(planned, filters);
  CacheEntry entry = *planned.held;
  if (planned.form == PlannedEntry::Form::kUnread) return entry;
  entry.namespaces.clear();
  entry.pinned = planned.form == PlannedEntry::Form::kSuspended;  // however it came: nothing of it is evicted
  if (entry.pinned) return entry;
  entry.current = false;
  return entry;
}

}  // namespace ballast::controller
