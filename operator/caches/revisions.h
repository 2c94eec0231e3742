// Which revision is current, which is next, and what the origin is asked. Pure.
#pragma once

#include <optional>

#include "operator/caches/cache_reconciler.h"

namespace ballast::controller {

// Takes the origin's answer into `revision`, where it is one to what the spec asks.
void TakeAnswer(const CacheObserved& observed, RevisionStatus& revision);
// The next revision becomes the current one where the nodes have it. Whether it did.
bool Promote(const CacheObserved& observed, RevisionStatus& revision);
// Forgets earlier revisions that nothing keeps.
void TrimPrevious(const CacheObserved& observed, RevisionStatus& revision);

// When the origin is to be asked; zero: now; nothing: not again.
std::optional<Duration> AskIn(const CacheObserved& observed, const RevisionStatus& revision);

// The last answer, if it is one to what the spec asks now; nullptr: there is none.
const ResolveAnswer* AnswerTo(const CacheObserved& observed, const ResolveRequest& request);

}  // namespace ballast::controller
