#include "operator/issuer/token_reference.h"

#include <gtest/gtest.h>

#include "kube/base64.h"

namespace ballast::controller {
namespace {

TEST(TokenReferenceTest, ACacheIsNamedAsInACacheNode) {
  EXPECT_EQ(CacheNamed("llama").value(), (ObjectName{"", "llama"}));
  EXPECT_EQ(CacheNamed("team/llama").value(), (ObjectName{"team", "llama"}));
  for (const char* wrong : {"", "/", "a/", "/a", "a/b/c", "A", "../x", "a b", "a/.."})
    EXPECT_EQ(CacheNamed(wrong).status().code(), StatusCode::kInvalidArgument) << wrong;
}

TEST(TokenReferenceTest, OnlyWhatTheNodeListsWithADomainHasAToken) {
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

TEST(TokenReferenceTest, ATenantsSecretLiesInItsOwnNamespaceOnly) {
  ModelCache cache;
  cache.metadata.name = "gated";
  EXPECT_EQ(TokenReferenceOf(cache).status().code(), StatusCode::kNotFound);
  cache.spec.source.token_secret_ref = SecretKeyRef{.name = "hf", .key = "token", .secret_namespace = "platform"};
  EXPECT_EQ(TokenReferenceOf(cache).value(), (TokenReference{{"platform", "hf"}, "token"}));
  cache.cluster_scoped = false;
  cache.metadata.object_namespace = "team";
  EXPECT_EQ(TokenReferenceOf(cache).value(), (TokenReference{{"team", "hf"}, "token"}));
}

TEST(TokenReferenceTest, ATokenIsOneWord) {
  const auto of = [](const std::string& value) {
    return TokenOf({{"metadata", {{"name", "s"}}}, {"data", {{"k", EncodeBase64(value)}}}}, "k");
  };
  EXPECT_EQ(of("hf_abc").value(), "hf_abc");
  EXPECT_EQ(of("hf_abc\n").value(), "hf_abc");
  for (const char* wrong : {"", "\n", "a b", "a\nX-Header: b", "a\x01", "\xc3\xa4"}) {
    const auto token = of(wrong);
    EXPECT_EQ(token.status().code(), StatusCode::kFailedPrecondition) << wrong;
  }
  EXPECT_EQ(TokenOf({{"data", {{"other", "eA=="}}}}, "k").status().code(), StatusCode::kFailedPrecondition);
}

}  // namespace
}  // namespace ballast::controller
