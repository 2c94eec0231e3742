#include "operator/issuer/node_claim.h"

#include <gtest/gtest.h>

namespace ballast::controller {
namespace {

const ObjectName kAgents{"ballast-system", "ballast-agent"};

Json Good() {
  Json review = MakeNodeReview("t");
  review["status"] = {{"authenticated", true},
                      {"audiences", {"ballast"}},
                      {"user",
                       {{"username", "system:serviceaccount:ballast-system:ballast-agent"},
                        {"extra", {{"authentication.kubernetes.io/node-name", {"node-1"}}}}}}};
  return review;
}

TEST(NodeClaimTest, TheNodeIsTheOneThatTheTokenNames) { EXPECT_EQ(NodeOfReview(Good(), kAgents).value(), "node-1"); }

TEST(NodeClaimTest, EveryMissingOrForeignPartIsRefused) {
  const struct {
    const char* at;
    Json value;
    StatusCode code;
  } rows[] = {
      {"/status", nullptr, StatusCode::kUnauthenticated},
      {"/status/authenticated", false, StatusCode::kUnauthenticated},
      {"/status/authenticated", "true", StatusCode::kUnauthenticated},
      {"/status/authenticated", nullptr, StatusCode::kUnauthenticated},
      {"/status/audiences", nullptr, StatusCode::kUnauthenticated},
      {"/status/audiences", Json::array(), StatusCode::kUnauthenticated},
      {"/status/audiences", {"https://kubernetes.default.svc"}, StatusCode::kUnauthenticated},
      {"/status/user", nullptr, StatusCode::kPermissionDenied},
      {"/status/user/username", "system:serviceaccount:ballast-system:default", StatusCode::kPermissionDenied},
      {"/status/user/username", "system:serviceaccount:other:ballast-agent", StatusCode::kPermissionDenied},
      {"/status/user/username", "system:serviceaccount:ballast-system:ballast-agent2", StatusCode::kPermissionDenied},
      {"/status/user/extra", nullptr, StatusCode::kFailedPrecondition},
      {"/status/user/extra", Json::object(), StatusCode::kFailedPrecondition},
      {"/status/user/extra/authentication.kubernetes.io~1node-name", Json::array(), StatusCode::kFailedPrecondition},
      {"/status/user/extra/authentication.kubernetes.io~1node-name", {"a", "b"}, StatusCode::kFailedPrecondition},
      {"/status/user/extra/authentication.kubernetes.io~1node-name", {7}, StatusCode::kFailedPrecondition},
      {"/status/user/extra/authentication.kubernetes.io~1node-name", "node-1", StatusCode::kFailedPrecondition},
  };
  for (const auto& row : rows) {
    Json review = Good();
    review[Json::json_pointer(row.at)] = row.value;
    EXPECT_EQ(NodeOfReview(review, kAgents).status().code(), row.code) << row.at << " " << row.value;
  }
}

}  // namespace
}  // namespace ballast::controller
