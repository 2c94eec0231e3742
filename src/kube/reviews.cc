#include "kube/reviews.h"

namespace ballast {
namespace {

bool IsTrue(const Json& object, const char* key) {
  const auto found = object.find(key);
  return found != object.end() && found->is_boolean() && found->get<bool>();
}

}  // namespace

Json MakeTokenReview(const std::string& token, const std::vector<std::string>& audiences) {
  Json spec = {{"token", token}};
  if (!audiences.empty()) spec["audiences"] = audiences;
  return {{"apiVersion", kTokenReviews.ApiVersion()}, {"kind", "TokenReview"}, {"spec", spec}};
}

bool IsAuthenticated(const Json& token_review) { return IsTrue(ChildAt(token_review, "/status"), "authenticated"); }

// A TokenReview calls the name `username`, a SubjectAccessReview `user`; the rest is the same in both.
Json MakePathReview(const Json& token_review, const std::string& path, const std::string& verb) {
  const Json& user = ChildAt(token_review, "/status/user");
  Json spec = {{"user", StringAt(user, "/username")}, {"nonResourceAttributes", {{"path", path}, {"verb", verb}}}};
  for (const char* same : {"uid", "groups", "extra"}) {
    if (user.contains(same)) spec[same] = user[same];
  }
  return {{"apiVersion", kSubjectAccessReviews.ApiVersion()}, {"kind", "SubjectAccessReview"}, {"spec", spec}};
}

bool IsAllowed(const Json& access_review) {
  const Json& status = ChildAt(access_review, "/status");
  return IsTrue(status, "allowed") && !IsTrue(status, "denied");
}

}  // namespace ballast
