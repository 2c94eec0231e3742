#include "cli/cluster/cache_facts.h"

#include "base/strings.h"

namespace ballast::cli {

uint64_t SizeOf(const ModelCache& cache, const std::string& manifest) {
  const RevisionStatus& revision = cache.status.revision;
  if (revision.current.manifest == manifest) return revision.current.bytes;
  if (revision.next && revision.next->manifest == manifest) return revision.next->bytes;
  for (const RevisionRecord& old : revision.previous) {
    if (old.manifest == manifest) return old.bytes;
  }
  return 0;
}

std::string TogetherText(const ModelCache& cache) {
  if (cache.status.nodes.ready >= cache.status.nodes.desired) return "";
  const ProgressStatus& progress = cache.status.progress;
  std::string text = StrCat("all nodes together: ", progress.percent, " %");
  if (progress.bytes_per_second > 0) text += ", " + FormatRate(progress.bytes_per_second);
  if (progress.estimated_completion_time)
    text += ", done about " + FormatTimestamp(*progress.estimated_completion_time);
  return text;
}

}  // namespace ballast::cli
