#include "review/verdict_book.h"

#include <algorithm>
#include <utility>

namespace ballast {

std::optional<Status> VerdictBook::Find(std::string_view token, SteadyTime now) const {
  const Digest digest = Digest::Of(token);
  for (const Verdicts* verdicts : {&good_, &refused_}) {
    const auto found = verdicts->find(digest);
    if (found != verdicts->end() && now < found->second.until) return found->second.status;
  }
  return std::nullopt;
}

void VerdictBook::Keep(std::string_view token, const Status& verdict, SteadyTime now) {
  const bool refused =
      verdict.code() == StatusCode::kUnauthenticated || verdict.code() == StatusCode::kPermissionDenied;
  if (!verdict.ok() && !refused) return;
  const Digest digest = Digest::Of(token);
  good_.erase(digest);
  refused_.erase(digest);
  Put(refused ? refused_ : good_, digest, {verdict, now + (refused ? limits_.no : limits_.yes)}, now);
}

// What is over goes first, then what ends soonest.
void VerdictBook::Put(Verdicts& verdicts, const Digest& token, Verdict verdict, SteadyTime now) const {
  std::erase_if(verdicts, [now](const auto& entry) { return entry.second.until <= now; });
  if (verdicts.size() >= limits_.tokens) {
    verdicts.erase(std::min_element(verdicts.begin(), verdicts.end(),
                                    [](const auto& a, const auto& b) { return a.second.until < b.second.until; }));
  }
  verdicts.emplace(token, std::move(verdict));
}

}  // namespace ballast
