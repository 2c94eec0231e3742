// What was decided about tokens, for a short while.
#pragma once

#include <cstddef>
#include <map>
#include <optional>
#include <string_view>

#include "base/clock.h"
#include "base/status.h"
#include "core/digest.h"

namespace ballast {

struct VerdictLimits {
  Duration yes = std::chrono::minutes(1);  // how long a right that was taken away goes on, at most
  Duration no = std::chrono::seconds(10);  // the same of one that was given
  size_t tokens = 128;  // of either kind: wrong ones, of which there is no end, drive no good one out
};

// Of a token it has the SHA-256, so that it holds no secret. Not thread-safe.
class VerdictBook {
 public:
  explicit VerdictBook(VerdictLimits limits = {}) : limits_(limits) {}

  std::optional<Status> Find(std::string_view token, SteadyTime now) const;
  // Remembers OK, Unauthenticated and PermissionDenied; other statuses say nothing of the token.
  void Keep(std::string_view token, const Status& verdict, SteadyTime now);
  size_t size() const { return good_.size() + refused_.size(); }

 private:
  struct Verdict {
    Status status;
    SteadyTime until;
  };
  using Verdicts = std::map<Digest, Verdict>;
  void Put(Verdicts& verdicts, const Digest& token, Verdict verdict, SteadyTime now) const;

  const VerdictLimits limits_;
  Verdicts good_;
  Verdicts refused_;
};

}  // namespace ballast
