// What the module itself writes is what an apiserver takes.
#include "kube/event_series.h"
#include "kube/lease_record.h"
#include "kube/testing/kube_conformance.h"
#include "kube/testing/token_reviews.h"

namespace ballast {

TEST_P(KubeConformanceTest, ALeaseIsTakenRenewedAndReleased) {
  const WallTime now(std::chrono::seconds(1'700'000'000));
  const Json taken = Create(kLeases, WriteLease(nullptr, Named("lease"), "me", {}, now));
  const auto renewed =
      client().Update(kLeases, WriteLease(taken, Named("lease"), "me", {}, now + std::chrono::hours(1)), {});
  ASSERT_TRUE(renewed.ok()) << renewed.status();
  EXPECT_EQ(StringAt(*renewed, "/spec/holderIdentity"), "me");
  EXPECT_EQ(IntAt(*renewed, "/spec/leaseTransitions"), 1);
  EXPECT_EQ(client().Update(kLeases, WriteLease(taken, Named("lease"), "other", {}, now), {}).status().code(),
            StatusCode::kAborted);
  const auto released = client().Update(kLeases, WriteLease(*renewed, Named("lease"), "", {}, now), {});
  ASSERT_TRUE(released.ok()) << released.status();
  EXPECT_EQ(StringAt(*released, "/spec/holderIdentity"), "");
}

TEST_P(KubeConformanceTest, AnEventIsWrittenAndCounted) {
  const WallTime now(std::chrono::seconds(1'700'000'000));
  const KubeEvent event{.regarding = RegardingOf(CreateConfigMap("a")),
                        .reason = "Tested",
                        .action = "Test",
                        .note = std::string(2000, 'x')};
  EventWrite write{Named("a.1"), event, 1, now, now};
  Create(kEvents, MakeEvent(write, "ballast.dev/test", "pod"));
  write.count = 7;
  const auto counted = client().Patch(kEvents, write.name, MakeSeriesPatch(write), Subresource::kNone, {});
  ASSERT_TRUE(counted.ok()) << counted.status();
  EXPECT_EQ(IntAt(*counted, "/series/count"), 7);
  EXPECT_EQ(StringAt(*counted, "/regarding/uid"), UidOf(Get(kConfigMaps, "a")));
}

TEST_P(KubeConformanceTest, AReviewIsAnsweredAndNotKept) {
  for (int i = 0; i < 2; ++i) {
    const Json answer = Create(kTokenReviews, MakeTokenReview("nonsense", {"ballast"}));
    EXPECT_FALSE(IsAuthenticated(answer));
    EXPECT_EQ(StringAt(answer, "/status/user/username"), "");
  }
}

TEST_P(KubeConformanceTest, WhatAUserMayDoIsAnsweredToo) {
  const Json user = {{"username", "nobody"}, {"uid", "1"}, {"groups", {"idle"}}, {"extra", {{"a.example/b", {"c"}}}}};
  const Json answer = Create(kSubjectAccessReviews, MakePathReview({{"status", {{"user", user}}}}, "/metrics", "get"));
  EXPECT_FALSE(IsAllowed(answer));
  EXPECT_EQ(StringAt(answer, "/spec/user"), "nobody");
}

}  // namespace ballast
