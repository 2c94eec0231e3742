#include "operator/issuer/token_right.h"

#include <gtest/gtest.h>

namespace ballast::controller {
namespace {

TEST(TokenRightTest, ACacheIsNamedAsInACacheNode) {
  EXPECT_EQ(CacheNamed("llama").value(), (ObjectName{"", "llama"}));
  EXPECT_EQ(CacheNamed("team/llama").value(), (ObjectName{"team", "llama"}));
  for (const char* wrong : {"", "/", "a/", "/a", "a/b/c", "A", "../x", "a b", "a/.."})
    EXPECT_EQ(CacheNamed(wrong).status().code(), StatusCode::kInvalidArgument) << wrong;
}

TEST(TokenRightTest, OnlyWhatTheNodeListsWithADomainHasAToken) {
  CacheNode node;
  node.metadata.name = "node-1";
  node.spec.caches = {{.cache = "public"},
                      {.cache = "team/gated", .domain = "team/12345678"},
                      {.cache = "became-gated"},
                      {.cache = "became-gated", .domain = "x/1"}};
  EXPECT_EQ(CheckMayHaveToken(node, "team/gated"), OkStatus());
  EXPECT_EQ(CheckMayHaveToken(node, "became-gated"), OkStatus());
  EXPECT_EQ(CheckMayHaveToken(node, "public").code(), StatusCode::kNotFound);
  EXPECT_EQ(CheckMayHaveToken(node, "gated").code(), StatusCode::kPermissionDenied);
  EXPECT_EQ(CheckMayHaveToken(node, "").code(), StatusCode::kPermissionDenied);
  EXPECT_EQ(CheckMayHaveToken({}, "team/gated").code(), StatusCode::kPermissionDenied);
}

TEST(TokenRightTest, ATokenIsNotGivenUnderTheDomainOfAnother) {
  CacheNode node;
  node.spec.caches = {
      {.cache = "a", .domain = "team/1"}, {.cache = "a", .domain = "team/2"}, {.cache = "b", .domain = "team/3"}};
  EXPECT_EQ(CheckDomain(node, "a", "team/2"), OkStatus());
  EXPECT_EQ(CheckDomain(node, "a", "team/3").code(), StatusCode::kUnavailable);
}

}  // namespace
}  // namespace ballast::controller
