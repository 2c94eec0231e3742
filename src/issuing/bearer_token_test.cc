#include "issuing/bearer_token.h"

#include <gtest/gtest.h>

namespace ballast {
namespace {

TEST(BearerTokenTest, TheTokenOfTheOnlyHeaderIsTaken) {
  EXPECT_EQ(BearerToken({BearerHeader("a.b-c_d")}).value(), "a.b-c_d");
  EXPECT_EQ(BearerToken({"bearer x"}).value(), "x");
}

TEST(BearerTokenTest, AnythingElseIsNobody) {
  const std::vector<std::vector<std::string>> wrong = {{},
                                                       {""},
                                                       {"Bearer"},
                                                       {"Bearer "},
                                                       {"Basic abc"},
                                                       {"Bearerabc"},
                                                       {"Bearer a b"},
                                                       {"Bearer a\nb"},
                                                       {"Bearer \xff"},
                                                       {"Bearer a", "Bearer a"},
                                                       {"Bearer " + std::string(20'000, 'x')}};
  for (const auto& values : wrong)
    EXPECT_EQ(BearerToken(values).status().code(), StatusCode::kUnauthenticated) << values.size();
}

}  // namespace
}  // namespace ballast
