// The one place where an apiserver's HTTP answer becomes a Status.
#pragma once

#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/status.h"
#include "kube/json.h"

namespace ballast {

inline constexpr std::chrono::minutes kMaxKubeRetryAfter{5};

struct KubeAnswer {
  int code = 0;             // HTTP
  std::string retry_after;  // the header: whole seconds; "" where there was none
  std::string_view body;    // a metav1.Status, or whatever stood in its place
};

// Of an answer outside 200..299. `what` was asked: "get configmaps default/foo"; "": the caller says it.
//
// By code and, where one code means several things, by the reason and causes in the body (apimachinery
// pkg/apis/meta/v1/types.go):
//   400 413 422 InvalidArgument · 401 Unauthenticated · 403 PermissionDenied · 404 NotFound · 405 406 415 Unimplemented
//   409 AlreadyExists by that reason; FailedPrecondition where a field of an apply has another owner; else Aborted
//   422 is Aborted where it is about metadata.uid: the object is another one by now
//   410 OutOfRange: list again · 429 ResourceExhausted · 504 and reason Timeout DeadlineExceeded · 5xx Unavailable
// retry_after() is the longer of header and details.retryAfterSeconds, at most kMaxKubeRetryAfter.
Status StatusOfKubeAnswer(const KubeAnswer& answer, std::string_view what);

// The same for the metav1.Status that a watch delivers as its ERROR event.
Status StatusOfKubeError(const Json& error, std::string_view what);

}  // namespace ballast
