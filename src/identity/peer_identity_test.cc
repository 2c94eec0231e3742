#include "identity/peer_identity.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace ballast {
namespace {

using ::testing::HasSubstr;

TEST(PeerIdentityTest, AUriIsWrittenAndReadAgainTheSame) {
  for (const auto& identity :
       {PeerIdentity::Operator(), PeerIdentity::Node("a").value(),
        PeerIdentity::Node("ip-10-0-0-1.eu-west-1.compute.internal").value(), PeerIdentity::Node("operator").value()}) {
    const auto read = PeerIdentity::FromUris({identity.Uri()});
    ASSERT_TRUE(read.ok()) << read.status();
    EXPECT_EQ(*read, identity);
  }
  EXPECT_FALSE(PeerIdentity::Node("operator").value() == PeerIdentity::Operator());
}

TEST(PeerIdentityTest, WhatIsNoNameOfANodeIsRefused) {
  EXPECT_EQ(PeerIdentity::Node("").status().code(), StatusCode::kInvalidArgument);
  EXPECT_THAT(PeerIdentity::Node("Node_1").status().message(), HasSubstr("\"Node_1\" is not a node name"));
}

TEST(PeerIdentityTest, AnythingButOneUriOfOursIsRefusedWithWhatItFound) {
  const std::pair<std::vector<std::string>, std::string> cases[] = {
      {{}, "names no URI"},
      {{"ballast://node/a", "ballast://node/b"}, "more than one URI (\"ballast://node/a\", \"ballast://node/b\")"},
      {{"ballast://node/a", "https://elsewhere"}, "more than one URI"},
      {{"spiffe://cluster/node/a"}, "names the URI \"spiffe://cluster/node/a\""},
      {{"BALLAST://node/a"}, "names the URI"},
      {{"ballast://operator/"}, "names the URI"},
      {{"ballast://node"}, "names the URI"},
      {{"ballast://node/"}, "\"\" is not a node name"},
      {{"ballast://node/a/b"}, "\"a/b\" is not a node name"},
      {{std::string("ballast://node/a\0.evil", 22)}, "is not a node name"},
      {{"ballast://node/a\n"}, "\"ballast://node/a\\n\""},
  };
  for (const auto& [uris, reason] : cases) {
    const auto identity = PeerIdentity::FromUris(uris);
    ASSERT_FALSE(identity.ok()) << reason;
    EXPECT_EQ(identity.status().code(), StatusCode::kUnauthenticated);
    EXPECT_THAT(identity.status().message(), HasSubstr(reason));
  }
}

}  // namespace
}  // namespace ballast
