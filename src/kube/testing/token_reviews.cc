#include "kube/testing/token_reviews.h"

#include <algorithm>
#include <utility>

namespace ballast {
namespace {

bool IsFor(const std::string& audience, const Json& audiences) {
  if (audiences.empty()) return audience == kApiserverAudience;
  return std::find(audiences.begin(), audiences.end(), audience) != audiences.end();
}

Json Judge(const KnownToken* token, const Json& audiences) {
  const bool good = token != nullptr && IsFor(token->audience, audiences);
  if (!good) return {{"user", Json::object()}, {"error", "invalid bearer token"}};
  return {{"authenticated", true},
          {"audiences", {token->audience}},
          {"user",
           {{"username", token->username}, {"uid", token->uid}, {"groups", token->groups}, {"extra", token->extra}}}};
}

}  // namespace

FakeResource TokenReviewRules(std::map<std::string, KnownToken> tokens) {
  const auto answer = [tokens = std::move(tokens)](const Json& review) -> Result<Json> {
    const auto found = tokens.find(StringAt(review, "/spec/token"));
    Json answered = review;
    answered["status"] = Judge(found == tokens.end() ? nullptr : &found->second, ChildAt(review, "/spec/audiences"));
    return answered;
  };
  return {.resource = kTokenReviews, .kind = "TokenReview", .answer = answer};
}

FakeResource AccessReviewRules(std::function<bool(const Json& spec)> allows) {
  const auto answer = [allows = std::move(allows)](const Json& review) -> Result<Json> {
    Json answered = review;
    answered["status"] = {{"allowed", allows(ChildAt(review, "/spec"))}};
    return answered;
  };
  return {.resource = kSubjectAccessReviews, .kind = "SubjectAccessReview", .answer = answer};
}

}  // namespace ballast
