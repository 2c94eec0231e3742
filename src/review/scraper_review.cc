#include "review/scraper_review.h"

#include "base/logging.h"
#include "base/strings.h"
#include "kube/reviews.h"

namespace ballast {
namespace {

constexpr Duration kCallTimeout = std::chrono::seconds(5);

Status NotSaid(const Status& error) {
  LOG(WARNING) << Message(
                      "The apiserver does not say who may read metrics; this service account needs `create` of "
                      "tokenreviews and subjectaccessreviews")
                      .With("error", error);
  return Unavailable("the apiserver does not say who you are; ask again later");
}

}  // namespace

Status ReviewScraper(KubeClient& client, const std::string& token, const std::stop_token& stop) {
  const CallLimits limits(stop, kCallTimeout);
  const Result<Json> who = client.Create(kTokenReviews, MakeTokenReview(token), limits);
  if (!who.ok()) return NotSaid(who.status());
  const std::string name = StringAt(*who, "/status/user/username");
  if (!IsAuthenticated(*who) || name.empty())
    return Unauthenticated("the apiserver does not know this token: it has expired, or is for another audience");
  const Result<Json> may = client.Create(kSubjectAccessReviews, MakePathReview(*who, kMetricsPath, "get"), limits);
  if (!may.ok()) return NotSaid(may.status());
  if (IsAllowed(*may)) return OkStatus();
  return PermissionDenied(
      StrCat(Quoted(name), " may not get ", kMetricsPath, ": bind it to the ClusterRole ", kMetricsReader));
}

}  // namespace ballast
