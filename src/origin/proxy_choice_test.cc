#include "origin/proxy_choice.h"

#include <gtest/gtest.h>

namespace ballast {
namespace {

const ProxyConfig kConfig{.http = "http://plain:3128",
                          .https = "http://secure:3128",
                          .no_proxy = {".example", "host.test", "10.0.0.0/8", "fd00::/8", "[2606::1]"}};

std::string Proxy(const char* url) { return ProxyFor(kConfig, *Url::Parse(url)); }

TEST(ProxyForTest, TheSchemeOfTheUrlChooses) {
  EXPECT_EQ(Proxy("https://huggingface.co/x"), "http://secure:3128");
  EXPECT_EQ(Proxy("http://huggingface.co/x"), "http://plain:3128");
  EXPECT_EQ(ProxyFor({}, *Url::Parse("https://huggingface.co/")), "");
}

TEST(ProxyForTest, DomainsHostsAddressesAndCidrsAreExempt) {
  for (const char* url : {"https://hub.example/", "https://a.b.example/", "https://example/", "https://HOST.test/",
                          "https://www.host.test/", "https://10.2.3.4/", "https://[fd00::7]/", "https://[2606::1]/"}) {
    EXPECT_EQ(Proxy(url), "") << url;
  }
}

TEST(ProxyForTest, WhatOnlyLooksAlikeIsNotExempt) {
  for (const char* url : {"https://badexample/", "https://ghost.test/", "https://example.org/", "https://11.0.0.1/"}) {
    EXPECT_NE(Proxy(url), "") << url;
  }
}

TEST(ProxyForTest, StarExemptsAll) {
  EXPECT_EQ(ProxyFor({.https = "http://p", .no_proxy = {"*"}}, *Url::Parse("https://x/")), "");
}

}  // namespace
}  // namespace ballast
