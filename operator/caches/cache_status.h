// The figures and conditions that a cache shows. Pure.
#pragma once

#include "operator/caches/cache_reconciler.h"

namespace ballast::controller {

// Counts, progress, failures, volumes and summary; the revision is there already.
void FillFigures(const CacheObserved& observed, ModelCacheStatus& status);
// All conditions of the kind.
void FillConditions(const CacheObserved& observed, ModelCacheStatus& status);

// A person would be told something else at once: revision, generation, or a condition's status or reason.
bool DiffersInKind(const ModelCacheStatus& a, const ModelCacheStatus& b);
// Anything else that is shown. Rate and time of completion alone are not reason enough.
bool DiffersInFigures(const ModelCacheStatus& a, const ModelCacheStatus& b);

}  // namespace ballast::controller
