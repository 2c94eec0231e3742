// Tokens of service accounts as an apiserver judges them.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "kube/resource.h"
#include "kube/testing/fake_store.h"

namespace ballast {

inline const KubeResource kTokenReviews{"authentication.k8s.io", "v1", "tokenreviews", false};

struct KnownToken {
  std::string username;
  std::string audience;
  std::map<std::string, std::vector<std::string>> extra;
};

// The fake's: these tokens are good, for their audience; others are not.
FakeResource TokenReviewRules(std::map<std::string, KnownToken> tokens);

}  // namespace ballast
