#include "kube/testing/token_reviews.h"

#include <algorithm>
#include <utility>

namespace ballast {
namespace {

Json Judge(const KnownToken* token, const Json& audiences) {
  const bool good =
      token != nullptr && std::find(audiences.begin(), audiences.end(), token->audience) != audiences.end();
  if (!good) return {{"user", Json::object()}, {"error", "invalid bearer token"}};
  return {{"authenticated", true},
          {"audiences", {token->audience}},
          {"user", {{"username", token->username}, {"extra", token->extra}}}};
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

}  // namespace ballast
