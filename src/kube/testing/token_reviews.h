// Tokens of service accounts as an apiserver judges them, and what their owners may do.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <vector>

#include "kube/reviews.h"
#include "kube/testing/fake_store.h"

namespace ballast {

// What a review that names none asks for.
inline constexpr char kApiserverAudience[] = "https://kubernetes.default.svc";

struct KnownToken {
  std::string username;
  std::string audience = kApiserverAudience;
  std::map<std::string, std::vector<std::string>> extra;
  std::string uid;
  std::vector<std::string> groups;
};

// The fake's: these tokens are good, for their audience; others are not.
FakeResource TokenReviewRules(std::map<std::string, KnownToken> tokens);

// The fake's: what `allows`, which sees the review's spec, may be done.
FakeResource AccessReviewRules(std::function<bool(const Json& spec)> allows);

}  // namespace ballast
