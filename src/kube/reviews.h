// Questions that an apiserver answers in its reply to their creation and never keeps: whose a token is, and what its
// owner may do. Pure.
#pragma once

#include <string>
#include <vector>

#include "kube/json.h"
#include "kube/resource.h"

namespace ballast {

inline const KubeResource kTokenReviews{"authentication.k8s.io", "v1", "tokenreviews", false};
inline const KubeResource kSubjectAccessReviews{"authorization.k8s.io", "v1", "subjectaccessreviews", false};

// No audiences: those of the apiserver itself, for which pods' own tokens are.
Json MakeTokenReview(const std::string& token, const std::vector<std::string>& audiences = {});
// The answered review says whose the token is.
bool IsAuthenticated(const Json& token_review);

// Whether that user may `verb` ("get") a path that is no resource's ("/metrics").
Json MakePathReview(const Json& token_review, const std::string& path, const std::string& verb);
bool IsAllowed(const Json& access_review);

}  // namespace ballast
