#include "kube/reviews.h"

#include <gtest/gtest.h>

namespace ballast {
namespace {

TEST(ReviewsTest, ATokenIsReviewedForTheAudiencesThatAreNamed) {
  EXPECT_EQ(MakeTokenReview("t", {"a"})["spec"], (Json{{"token", "t"}, {"audiences", {"a"}}}));
  EXPECT_EQ(MakeTokenReview("t")["spec"], (Json{{"token", "t"}})) << "an empty list would be one of none";
}

TEST(ReviewsTest, AllThatIsKnownOfAUserGoesIntoTheQuestionWhatTheyMay) {
  const Json answered = {{"status",
                          {{"authenticated", true},
                           {"user",
                            {{"username", "system:serviceaccount:a:b"},
                             {"uid", "u"},
                             {"groups", {"g", "h"}},
                             {"extra", {{"k", {"v"}}}},
                             {"of later versions", 1}}}}}};
  const Json expected = {{"user", "system:serviceaccount:a:b"},
                         {"uid", "u"},
                         {"groups", {"g", "h"}},
                         {"extra", {{"k", {"v"}}}},
                         {"nonResourceAttributes", {{"path", "/metrics"}, {"verb", "get"}}}};
  EXPECT_EQ(MakePathReview(answered, "/metrics", "get")["spec"], expected);
}

TEST(ReviewsTest, OnlyAPlainYesIsOne) {
  EXPECT_TRUE(IsAuthenticated({{"status", {{"authenticated", true}}}}));
  EXPECT_TRUE(IsAllowed({{"status", {{"allowed", true}}}}));
  for (const Json& status : {Json(), Json::object(), Json{{"allowed", false}}, Json{{"allowed", "true"}},
                             Json{{"allowed", true}, {"denied", true}}})
    EXPECT_FALSE(IsAllowed({{"status", status}})) << status;
  for (const Json& status : {Json(), Json::object(), Json{{"authenticated", 1}}})
    EXPECT_FALSE(IsAuthenticated({{"status", status}})) << status;
}

}  // namespace
}  // namespace ballast
